// The class itself, for `require` and, as the default export, for `import`. By the path, as this folder is a part of the
// package wherever it is installed, and a link to it leads here.
const loaded = require('../../dist/lib/dht-rpc/index.js')

// Bare does not know the export name 'module.exports', and gives the namespace.
module.exports = typeof loaded === 'function' ? loaded : loaded.DHT
