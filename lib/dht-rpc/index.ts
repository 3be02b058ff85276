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
export type { ReplyAverages, RpcRoundTripStats } from './round-trips.js'
export type { BootstrapEntry, BootstrapNode } from '../node/bootstrap-list.js'
export type { Destination } from '../node/arguments.js'
export type { DHTEvents } from '../node/events.js'
export type { Health, HealthState, HealthStats } from '../node/health.js'
export type { PingOptions, RequestMessage, RequestOptions } from '../node/requests.js'
export type { Session } from '../node/session.js'
export type { Commit, CommitFunction } from '../query/commit.js'
export type { Query, QueryMessage, QueryOptions, StartNode } from '../query/query.js'
export type { Peer, Reply } from '../rpc/reply.js'
export type { ReplyOptions, Request } from '../rpc/request.js'
export type { Stats } from '../rpc/stats.js'
