// The `require` of a file of this repository, where hyperdht and hyperswarm are as npm installed them.
module.exports = require
