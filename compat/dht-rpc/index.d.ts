import DHT = require('../../dist/lib/dht-rpc/index.js')
export = DHT
