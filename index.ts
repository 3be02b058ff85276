/**
 * xorpc: a Kademlia DHT node with RPC hooks, on the wire protocol of `dht-rpc` v6.
 *
 * @module xorpc
 */
import { DHT } from './lib/node/dht.js'

export default DHT
export { DHT }
// What `require('xorpc')` gives: the class itself.
export { DHT as 'module.exports' }
export { DHTError } from './lib/primitives/errors.js'
export { Query } from './lib/query/query.js'
export { formatTrace } from './lib/query/trace-text.js'
export { Session } from './lib/node/session.js'

export type { DHTErrorCode } from './lib/primitives/errors.js'
export type { DHTConfig, DHTOptions } from './lib/node/options.js'
export type { DHTEvents } from './lib/node/events.js'
export type { BootstrapEntry, BootstrapNode } from './lib/node/bootstrap-list.js'
export type { Destination } from './lib/node/arguments.js'
export type { WaitOptions } from './lib/node/call.js'
export type { PingOptions, RequestMessage, RequestOptions } from './lib/node/requests.js'
export type { RoundTripStats } from './lib/node/round-trip-stats.js'
export type { EclipseWarning } from './lib/node/network-watch.js'
export type { NetworkSizeEstimate } from './lib/query/network-size.js'
export type { ContactStore, SavedContacts } from './lib/node/saved-contacts.js'
export type { EphemeralReason } from './lib/node/identity.js'
export type { Health, HealthState, HealthStats } from './lib/node/health.js'
export type { QueryMessage, QueryOptions, StartNode } from './lib/query/query.js'
export type {
  CommitAccepted,
  CommitAsked,
  CommitRefused,
  LearntFrom,
  LookupDone,
  LookupEvent,
  LookupKind,
  LookupStarted,
  NodeAnswered,
  NodeAsked,
  NodeFailed,
  NodeLearnt,
  NodePresumedDead,
  NodeRetried,
  NodeSlow,
  TraceNode,
} from './lib/query/trace.js'
export type { TraceTextOptions } from './lib/query/trace-text.js'
export type { Commit, CommitFunction, CommitOutcome } from './lib/query/commit.js'
export type { Peer, Reply } from './lib/rpc/reply.js'
export type { ReplyOptions, Request } from './lib/rpc/request.js'
export type { InboundLimitOptions } from './lib/rpc/inbound-limits.js'
export type { CommandStats, DatagramStats, DropReason, Stats } from './lib/rpc/stats.js'
export type { Contact } from './lib/routing/contact.js'
export type { RoutingTable } from './lib/routing/table.js'
export type { Recency } from './lib/routing/recency.js'
export type {
  DatagramSocket,
  NetworkInterface,
  OnDatagram,
  SocketAddress,
  Transport,
} from './lib/transport/contract.js'
export type { GatewayOptions, GatewayStatus, GatewayToken } from './lib/transport/tunnel/options.js'
export type { Link, LinkEvents, OpenLink } from './lib/transport/tunnel/link.js'
export type { Refusal, RefusalCounts } from './lib/transport/tunnel/refusal.js'
export type { Udx } from './lib/transport/udx.js'
export type { Cancel, Clock } from './lib/primitives/clock.js'
export type { Random } from './lib/primitives/random.js'
export type { AbortSignalLike } from './lib/primitives/signal.js'
export type { NodeInfo } from './lib/primitives/id.js'
