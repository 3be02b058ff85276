// What `require('xorpc')` gives in Bare: the class itself, as in Node.js. Bare can load ES modules by `require`, but gives
// their namespace, and does not know the export name 'module.exports'.
module.exports = require('../../dist/index.js').DHT
