/**
 * xorpc/dht-rpc: a stand-in for the package `dht-rpc`, for HyperDHT and Hyperswarm (docs/HYPERDHT.md).
 *
 * @packageDocumentation
 */
import { DHT } from './dht.js'

export default DHT
export { DHT }
// What `require('xorpc/dht-rpc')` gives: the class itself, as `require('dht-rpc')` does.
export { DHT as 'module.exports' }

export type { DHTOptions } from './options.js'
export type { RpcConfig as DHTConfig } from './dht.js'
export type { Io } from './io.js'
