/**
 * `xorpc/gateway`: lends UDP sockets to nodes in browsers, and wherever else there is no UDP. For Node.js.
 *
 * @module xorpc/gateway
 */
export { Gateway } from './gateway.js'
export { DEFAULT_LIMITS } from './options.js'
export { CLOSE, REFUSALS } from '../transport/tunnel/refusal.js'
export type { AttachOptions, CloseOptions, GatewayEvents, ListenOptions } from './gateway.js'
export type { Authorize, AuthorizationRequest, GatewayLimits, GatewayServerOptions } from './options.js'
export type { ForwardingHeader, ProxyWarning } from './client-address.js'
export type { ClientInfo } from './client-info.js'
export type { ExtraScope } from './destination.js'
export type { OriginRule } from './origin.js'
export type { ConnectionRefusal, DeliveryDrop, FrameFault, GatewayStats } from './metrics.js'
export type { CloseName, Refusal, RefusalCounts } from '../transport/tunnel/refusal.js'
