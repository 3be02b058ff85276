// The class itself, for `require` and, as the default export, for `import`. By the path, as this folder is a part of the
// package wherever it is installed, and a link to it leads here.
module.exports = require('../../dist/lib/dht-rpc/index.js')
