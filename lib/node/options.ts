/**
 * Options of a node: what they mean, their defaults, and a clear error at once for what makes no sense.
 *
 * `undefined` always means the default. Unknown keys are left alone: subclasses pass theirs through.
 */
import { isIPv4, isPort } from '../primitives/address.js'
import type { Clock } from '../primitives/clock.js'
import { HASH_BYTES } from '../primitives/hash.js'
import type { NodeInfo } from '../primitives/id.js'
import type { Random } from '../primitives/random.js'
import type { InboundLimitOptions } from '../rpc/inbound-limits.js'
import type { LookupEvent } from '../query/trace.js'
import { DEFAULT_RETRY_BOUNDS, type RetryBounds } from '../rpc/round-trip.js'
import type { Transport } from '../transport/contract.js'
import type { GatewayOptions } from '../transport/tunnel/options.js'
import { isUdx, type Udx } from '../transport/udx.js'
import type { TraceCallback } from './tracing.js'
import { type ContactStore, parseContacts, type SavedContacts } from './saved-contacts.js'
import { describe } from './describe.js'
import { type BootstrapEntry, type BootstrapNode, parseBootstrap } from './bootstrap-list.js'

/** Options of `new DHT()`. */
export interface DHTOptions {
  /**
   * Nodes to join the network through: `'host:port'`, `'ip@host:port'` (the suggested IP is tried first, DNS is asked
   * only if it does not answer), a port of this machine, `{host, port}`, or another node. `false` or `[]`: none.
   */
  bootstrap?: readonly BootstrapEntry[] | false
  /** Contacts to start with, put into the routing table without asking them; the first is the most recent. */
  nodes?: readonly { host: string; port: number }[]
  /**
   * Contacts of an earlier run, from `exportContacts()`, or an array of addresses: asked while the node knows nobody, and
   * taken into the routing table when they answer.
   */
  contacts?: SavedContacts | readonly { host: string; port: number }[]
  /** Where the node keeps its contacts by itself: loaded before it joins, saved every 5 minutes, on suspend and destroy. */
  contactStore?: ContactStore
  /**
   * Makes the network a private one: only nodes with the same id, text or 32 bytes, hear each other, and the public
   * network does not. This separates; it hides nothing. Default: the public network.
   */
  networkId?: string | Uint8Array
  /** Port of the server socket: 0 = any (default), n = the first free one of n to n + 4, `[from, to)` = a range. */
  port?: number | readonly [number, number]
  /** IPv4 address both sockets bind to. Default `'0.0.0.0'`. */
  host?: string
  /** Take any free port when no wanted one can be had. Default true; false rejects with BIND_FAILED. */
  anyPort?: boolean
  /** UDX instance to create the sockets on, when you share it. Default: one for the process. */
  udx?: Udx
  /** true: never join routing tables. false: join at once when reachable. Default: after `stableAfterMs` (adaptive). */
  ephemeral?: boolean
  /** false: never turn persistent by itself. Only looked at where `ephemeral` is not given. Default true. */
  adaptive?: boolean
  /** false: the server socket is known to be reachable from outside. Default true: found out. */
  firewalled?: boolean
  /** Find out early, while bootstrapping, whether the server socket is reachable. Default true. */
  quickFirewall?: boolean
  /** Most requests of one query at a time; it starts with 6. Default 20. */
  concurrency?: number
  /** Requests of the node on the way at a time, 1 to 8192; more wait. Default 80. */
  maxWindow?: number
  /** Longest delay in milliseconds of a delayed ping, asked or answered. Default 10000. */
  maxPingDelay?: number
  /** false keeps a node out of the routing table, of address sampling and of lookups. */
  filterNode?: (node: NodeInfo) => boolean
  /** Older name of `filterNode`. */
  addNode?: (node: NodeInfo) => boolean
  /** Tell nodes that one they named does not answer. Default true. */
  sendDownHints?: boolean
  /** Down hints sent per tick of 5 s; 0 = none, -1 = unlimited. Default 50. */
  downHintsRateLimit?: number
  /**
   * Bounds in milliseconds of the timeouts, which always follow the measured round trips: `min` (250) and `max` (1500)
   * of one transmission, `initial` (1000) while nothing is known. `false`: every transmission waits `initial`.
   */
  adaptiveTimeout?: boolean | { min?: number; max?: number; initial?: number }
  /** Time an adaptive node waits, with a stable address, before it becomes persistent. Default 1200000 (20 min). */
  stableAfterMs?: number
  /** Period of the checks of old contacts. Default 40000. */
  pingIntervalMs?: number
  /** Time without queries after which the routing table is refreshed. Default 300000. */
  refreshIntervalMs?: number
  /**
   * Limits for hosts outside our own network: requests a second, of one host (`requestsPerSecond`, 500) and of all
   * (`totalRequestsPerSecond`, 20000), and bytes sent to hosts that have not proved themselves (`allowanceBytes` 16384 in
   * 10 s each, `totalAllowanceBytes` 262144 a second for all) beyond three times what they sent. With `limitOwnNetwork` for
   * hosts of our own network too. `false`: none.
   */
  inboundLimits?: false | InboundLimitOptions
  /** Accept replies from another address than the one asked, for every request. Default false; see `relayed`. */
  acceptRelayed?: boolean
  /** Called with every step of every lookup, also of the node's own; see {@link LookupEvent}. Costs nothing when absent. */
  trace?: (event: LookupEvent) => void
  /**
   * Reach the network through a gateway (`xorpc/gateway`), as pages must, and hosts without UDP can: its `wss://` URL, or
   * several, of which the next has its turn when one fails, or an object with more, such as a token.
   */
  gateway?: string | readonly string[] | GatewayOptions
  /** Another network than UDP, for simulations. */
  transport?: Transport
  /** Another clock than the machine's, for simulations. */
  clock?: Clock
  /** Another source of randomness than the system's, for simulations. */
  random?: Random
}

/** Options with defaults filled in, checked. */
export interface NodeConfig {
  bootstrap: BootstrapNode[]
  nodes: readonly { host: string; port: number }[]
  contacts: readonly { host: string; port: number }[]
  contactStore: ContactStore | null
  /** null: the public network. */
  networkId: string | Uint8Array | null
  portRange: readonly [number, number]
  host: string
  anyPort: boolean
  ephemeral: boolean | null
  adaptive: boolean
  firewalled: boolean
  quickFirewall: boolean
  concurrency: number
  maxWindow: number
  maxPingDelay: number
  filterNode: ((node: NodeInfo) => boolean) | null
  sendDownHints: boolean
  downHintsRateLimit: number
  retryBounds: RetryBounds
  stableAfterMs: number
  pingIntervalMs: number
  refreshIntervalMs: number
  acceptRelayed: boolean
  trace: TraceCallback | null
  /** null: none. */
  inboundLimits: InboundLimitOptions | null
}

/** What `node.config` tells: settings in force. */
export interface DHTConfig {
  concurrency: number
  maxWindow: number
  maxPingDelay: number
  sendDownHints: boolean
  downHintsRateLimit: number
}

/** A copy of the settings that are told. */
export function publicConfig(config: NodeConfig): DHTConfig {
  const { concurrency, maxWindow, maxPingDelay, sendDownHints, downHintsRateLimit } = config
  return { concurrency, maxWindow, maxPingDelay, sendDownHints, downHintsRateLimit }
}

/** Defaults that are part of the API: `DHT.DEFAULTS`. */
export const DEFAULTS = { concurrency: 20, maxWindow: 80, maxPingDelay: 10000 }

/** Each request on the way holds one of 65,536 transaction ids per transmission. */
const MAX_WINDOW = 8192

/** Shared by the nodes of a process: most have no contacts to start with, and take any port. */
const NO_NODES: readonly { host: string; port: number }[] = []
const NO_CHANGES: InboundLimitOptions = {}
const ANY_PORT: readonly [number, number] = [0, 0]

/** Ports tried when one is wanted: the one and the four above it. */
const PORTS_TRIED = 5

/** @throws TypeError or RangeError that names the option, what it must be, and what was given */
export function parseOptions(options: DHTOptions): NodeConfig {
  if (typeof options !== 'object' || options === null) throw new TypeError('options must be an object')
  const ephemeral = flag(options, 'ephemeral', null)
  const filter = options.filterNode ?? options.addNode ?? null
  const trace = options.trace ?? null
  if (trace !== null && typeof trace !== 'function') throw new TypeError('trace must be a function')
  if (filter !== null && typeof filter !== 'function') throw new TypeError('filterNode must be a function')
  if (options.udx !== undefined && options.udx !== null && !isUdx(options.udx)) {
    throw new TypeError('udx must be a UDX instance')
  }
  return {
    bootstrap: parseBootstrap(options.bootstrap),
    nodes: parseNodes(options.nodes),
    contacts: parseSaved(options.contacts),
    contactStore: parseStore(options.contactStore),
    networkId: parseNetworkId(options.networkId),
    portRange: parsePort(options.port),
    host: parseHost(options.host),
    anyPort: flag(options, 'anyPort', true),
    ephemeral,
    adaptive: ephemeral === null && flag(options, 'adaptive', true),
    firewalled: flag(options, 'firewalled', true),
    quickFirewall: flag(options, 'quickFirewall', true),
    concurrency: integer(options, 'concurrency', DEFAULTS.concurrency, 1),
    maxWindow: integer(options, 'maxWindow', DEFAULTS.maxWindow, 1, MAX_WINDOW),
    maxPingDelay: integer(options, 'maxPingDelay', DEFAULTS.maxPingDelay, 0),
    filterNode: filter,
    sendDownHints: flag(options, 'sendDownHints', true),
    downHintsRateLimit: integer(options, 'downHintsRateLimit', 50, -1),
    retryBounds: parseTimeouts(options.adaptiveTimeout),
    stableAfterMs: integer(options, 'stableAfterMs', 1_200_000, 0),
    pingIntervalMs: integer(options, 'pingIntervalMs', 40_000, 1),
    refreshIntervalMs: integer(options, 'refreshIntervalMs', 300_000, 1),
    acceptRelayed: flag(options, 'acceptRelayed', false),
    trace,
    inboundLimits: parseLimits(options.inboundLimits),
  }
}

function flag<D extends boolean | null>(options: DHTOptions, name: keyof DHTOptions, fallback: D): boolean | D {
  const value = options[name]
  if (value === undefined || value === null) return fallback
  if (typeof value !== 'boolean') throw new TypeError(`${name} must be a boolean, got ${describe(value)}`)
  return value
}

function integer(
  options: DHTOptions,
  name: keyof DHTOptions,
  fallback: number,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): number {
  const value = options[name]
  if (value === undefined || value === null) return fallback
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number, got ${describe(value)}`)
  if (!Number.isSafeInteger(value) || value < least || value > most) {
    const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`
    throw new RangeError(`${name} must be an integer ${range}, got ${value}`)
  }
  return value
}

function parseHost(host: unknown): string {
  if (host === undefined || host === null) return '0.0.0.0'
  if (typeof host !== 'string' || !isIPv4(host)) {
    throw new TypeError(`host must be an IPv4 address, got ${describe(host)}`)
  }
  return host
}

function parsePort(port: unknown): readonly [number, number] {
  if (port === undefined || port === null || port === 0) return ANY_PORT
  if (isPort(port)) return [port, Math.min(port + PORTS_TRIED, 65536)]
  if (Array.isArray(port) && port.length === 2) {
    const [from, to] = port as [unknown, unknown]
    if (isPort(from) && Number.isInteger(to) && (to as number) > from && (to as number) <= 65536) {
      return [from, to as number]
    }
    throw new RangeError(`port range must be [from, to) with 1 <= from < to <= 65536, got ${describe(port)}`)
  }
  throw new RangeError(`port must be an integer from 0 to 65535 or a range [from, to), got ${describe(port)}`)
}

function parseNodes(nodes: unknown): readonly { host: string; port: number }[] {
  if (nodes === undefined || nodes === null) return NO_NODES
  if (!Array.isArray(nodes)) throw new TypeError(`nodes must be an array, got ${describe(nodes)}`)
  for (const node of nodes as { host: string; port: number }[]) {
    if (
      typeof node !== 'object' ||
      node === null ||
      typeof node.host !== 'string' ||
      !isIPv4(node.host) ||
      !isPort(node.port)
    ) {
      throw new TypeError(`nodes must hold {host: IPv4 address, port}, got ${describe(node)}`)
    }
  }
  return nodes as { host: string; port: number }[]
}

function parseSaved(contacts: unknown): readonly { host: string; port: number }[] {
  return contacts === undefined || contacts === null ? NO_NODES : parseContacts(contacts, 'contacts')
}

function parseStore(store: unknown): ContactStore | null {
  if (store === undefined || store === null) return null
  const { load, save } = store as Partial<ContactStore>
  if (typeof load !== 'function' || typeof save !== 'function') {
    throw new TypeError(`contactStore must have the methods load and save, got ${describe(store)}`)
  }
  return store as ContactStore
}

function parseNetworkId(id: unknown): string | Uint8Array | null {
  if (id === undefined || id === null) return null
  // Empty is what a missing setting looks like, and would silently be a network of its own.
  const isText = typeof id === 'string' && id !== ''
  if (!isText && !(id instanceof Uint8Array && id.length === HASH_BYTES)) {
    throw new TypeError(`networkId must be a text or ${HASH_BYTES} bytes, got ${describe(id)}`)
  }
  return id
}

function parseTimeouts(option: DHTOptions['adaptiveTimeout']): RetryBounds {
  if (option === undefined || option === null || option === true) return DEFAULT_RETRY_BOUNDS
  if (option === false) {
    const { initialMs } = DEFAULT_RETRY_BOUNDS
    return { initialMs, minMs: initialMs, maxMs: initialMs }
  }
  if (typeof option !== 'object') {
    throw new TypeError(`adaptiveTimeout must be a boolean or an object, got ${describe(option)}`)
  }
  const bounds = {
    initialMs: option.initial ?? DEFAULT_RETRY_BOUNDS.initialMs,
    minMs: option.min ?? DEFAULT_RETRY_BOUNDS.minMs,
    maxMs: option.max ?? DEFAULT_RETRY_BOUNDS.maxMs,
  }
  if (!(bounds.minMs > 0 && bounds.maxMs >= bounds.minMs && bounds.initialMs > 0 && bounds.maxMs < Infinity)) {
    throw new RangeError('adaptiveTimeout needs 0 < min <= max and initial > 0, in milliseconds')
  }
  return bounds
}

function parseLimits(option: DHTOptions['inboundLimits']): InboundLimitOptions | null {
  if (option === false) return null
  if (option === undefined || option === null) return NO_CHANGES
  if (typeof option !== 'object') {
    throw new TypeError(`inboundLimits must be false or an object, got ${describe(option)}`)
  }
  for (const [name, value] of Object.entries(option) as [string, unknown][]) {
    if (value === undefined) continue
    if (name === 'limitOwnNetwork') {
      if (typeof value !== 'boolean') {
        throw new TypeError(`inboundLimits.limitOwnNetwork must be a boolean, got ${describe(value)}`)
      }
    } else if (typeof value !== 'number' || !(value > 0)) {
      throw new RangeError(`inboundLimits.${name} must be a positive number, got ${describe(value)}`)
    }
  }
  return option
}
