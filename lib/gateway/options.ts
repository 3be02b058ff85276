/** Options of a gateway, with defaults that are safe on the open Internet. */
import { isIPv4 } from '../primitives/address.js'
import { type Clock, systemClock } from '../primitives/clock.js'
import { type Random, systemRandom } from '../primitives/random.js'
import type { Transport } from '../transport/contract.js'
import { MAX_WINDOW_BYTES, MIN_WINDOW_BYTES } from '../transport/tunnel/credit.js'
import { MAX_FRAME_BYTES } from '../transport/tunnel/datagram-frame.js'
import { createUdpTransport } from '../transport/udp.js'
import { plainAddress } from './client-address.js'
import type { DestinationRules, ExtraScope } from './destination.js'
import type { OriginRule } from './origin.js'
import { createResolver } from './resolver.js'

/** Every limit of a gateway, and its default. All are positive; those that count may be Infinity: no limit. */
export const DEFAULT_LIMITS = {
  /** Clients at a time, those included whose sessions wait for them. */
  maxConnections: 1000,
  /** Of one IPv4 address or IPv6 /64. */
  maxConnectionsPerAddress: 16,
  /** New connections of one address in a minute. */
  connectionsPerMinute: 60,
  /** UDP sockets of a client: a node has two. At most 255. */
  socketsPerConnection: 2,
  /** Datagrams that a client may send, two seconds' worth at once. Ten times as many end the connection. */
  datagramsPerSecond: 4000,
  /** Bytes of datagrams that a client may send, likewise. */
  bytesPerSecond: 2 * 1024 * 1024,
  /** The same for all clients together: what the gateway can be made to send at most. */
  totalDatagramsPerSecond: 100_000,
  totalBytesPerSecond: 32 * 1024 * 1024,
  /** Longest datagram, 512 to 2048 bytes. */
  maxDatagramBytes: 2048,
  /** Messages of a client that carry no datagram. More end the connection. */
  messagesPerSecond: 200,
  /** Longest message of a client, at least 32768 bytes. */
  maxMessageBytes: 64 * 1024,
  /** Bytes on the way to a client; what comes beyond is dropped. A client can ask for less. */
  windowBytes: 64 * 1024,
  /** Names that a client may have looked up in a minute. */
  lookupsPerMinute: 30,
  /** How long a session waits for its client after a lost connection, with its ports. */
  graceMs: 60_000,
  /** A connection that sends nothing for so long is closed. Hidden tabs wake up once a minute. */
  idleTimeoutMs: 180_000,
  /** A connection on which no datagram passes for so long is closed: a node checks its contacts every 40 s. */
  quietTimeoutMs: 900_000,
  /** Time from the upgrade to the first message. */
  helloTimeoutMs: 10_000,
  /** Time that `authorize` may take. */
  authorizeTimeoutMs: 10_000,
  /** Between two pings of a connection; one that answers none is lost. */
  heartbeatMs: 30_000,
  /** Lowest port that datagrams are sent to. */
  minDestinationPort: 1024,
} as const

export type GatewayLimits = { -readonly [Name in keyof typeof DEFAULT_LIMITS]: number }

/** What the authorization hook gets to know of a client. */
export interface AuthorizationRequest {
  /** The client's token (option `gateway.token` of a node), or that of a header `Authorization: Bearer`. null: none. */
  token: string | null
  /** By name; a page's cookies for the gateway's host. */
  cookies: Readonly<Record<string, string>>
  /** Of the page; null: none. */
  origin: string | null
  /** The client's IP address. */
  address: string
  /** Path and query of the request. */
  url: string
  /** All headers, names in small letters. */
  headers: Readonly<Record<string, string | string[] | undefined>>
}

/** Lets a client in (`true`), or refuses it, with a text that it is told. A rejection refuses, too. */
export type Authorize = (request: AuthorizationRequest) => boolean | string | Promise<boolean | string>

/** Options of {@link Gateway}; all optional. */
export interface GatewayServerOptions extends Partial<GatewayLimits> {
  /** IPv4 address that clients' UDP sockets are bound to. Default `'0.0.0.0'`. */
  host?: string
  /** UDP ports for clients, `[from, to)`; a client may then ask for one of them. Default: whatever the system gives. */
  ports?: readonly [number, number]
  /** Pages that may use the gateway. Default: those of its own host. */
  origins?: OriginRule
  /** Runs at each upgrade. Default: everybody may come in. */
  authorize?: Authorize
  /** Destinations beside the public Internet, for development. Default: none. */
  allow?: readonly ExtraScope[]
  /** Addresses of proxies whose `X-Forwarded-For` is true, such as `'127.0.0.1'`. Default: none. */
  trustedProxies?: readonly string[]
  /** Look up names for clients, or how: `(name) => IPv4 address`. Default true. */
  lookup?: boolean | ((name: string) => Promise<string>)
  /** Another network than UDP, another clock, another source of randomness, for tests and simulations. */
  transport?: Transport
  clock?: Clock
  random?: Random
}

/** Checked options with defaults. */
export interface GatewayServerConfig {
  host: string
  ports: readonly [number, number] | null
  origins: OriginRule | null
  authorize: Authorize | null
  destinations: DestinationRules
  trustedProxies: ReadonlySet<string>
  /** null: names are not looked up. */
  lookup: ((name: string) => Promise<string>) | null
  transport: Transport
  clock: Clock
  random: Random
  limits: GatewayLimits
}

/** What a limit may be, where that is not simply positive. */
const BOUNDS: Partial<Record<keyof GatewayLimits, readonly [least: number, most: number]>> = {
  socketsPerConnection: [1, 255],
  maxDatagramBytes: [512, 2048],
  maxMessageBytes: [MAX_FRAME_BYTES, 16 * 1024 * 1024],
  windowBytes: [MIN_WINDOW_BYTES, MAX_WINDOW_BYTES],
  graceMs: [0, 2 ** 31],
  idleTimeoutMs: [1, 2 ** 31],
  minDestinationPort: [1, 65_535],
}

/** @throws TypeError or RangeError that names the option */
export function parseGatewayServerOptions(options: GatewayServerOptions): GatewayServerConfig {
  if (typeof options !== 'object' || options === null) throw new TypeError('options must be an object')
  const { host = '0.0.0.0', origins = null, authorize = null, lookup = true } = options
  if (typeof host !== 'string' || !isIPv4(host)) throw new TypeError(`host must be an IPv4 address, got ${host}`)
  if (origins !== null && origins !== '*' && !Array.isArray(origins) && typeof origins !== 'function') {
    throw new TypeError("origins must be '*', a list or a function")
  }
  if (authorize !== null && typeof authorize !== 'function') throw new TypeError('authorize must be a function')
  if (typeof lookup !== 'boolean' && typeof lookup !== 'function') {
    throw new TypeError('lookup must be a boolean or a function')
  }
  const transport = options.transport ?? createUdpTransport()
  const limits = parseLimits(options)
  return {
    host,
    ports: parsePorts(options.ports),
    origins,
    authorize,
    destinations: { allow: parseAllow(options.allow), minPort: limits.minDestinationPort },
    trustedProxies: new Set((options.trustedProxies ?? []).map(plainAddress)),
    lookup: typeof lookup === 'function' ? lookup : lookup ? lookupOf(options.transport) : null,
    transport,
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    limits,
  }
}

/** Names are looked up in the network that the sockets are in. */
function lookupOf(transport: Transport | undefined): (name: string) => Promise<string> {
  return transport === undefined ? createResolver() : (name) => transport.lookup(name)
}

function parseLimits(options: GatewayServerOptions): GatewayLimits {
  const limits: GatewayLimits = { ...DEFAULT_LIMITS }
  for (const name of Object.keys(DEFAULT_LIMITS) as (keyof GatewayLimits)[]) {
    const value = options[name]
    if (value === undefined) continue
    if (typeof value !== 'number' || Number.isNaN(value)) throw new TypeError(`${name} must be a number`)
    const [least, most] = BOUNDS[name] ?? [Number.MIN_VALUE, Infinity]
    if (value < least || value > most) throw new RangeError(`${name} must be from ${least} to ${most}, got ${value}`)
    limits[name] = value
  }
  return limits
}

function parsePorts(ports: unknown): readonly [number, number] | null {
  if (ports === undefined || ports === null) return null
  const [from, to] = ports as [number, number]
  if (!Number.isInteger(from) || !Number.isInteger(to) || from < 1 || to <= from || to > 65_536) {
    throw new RangeError('ports must be [from, to) with 1 <= from < to <= 65536')
  }
  return [from, to]
}

function parseAllow(allow: GatewayServerOptions['allow']): ReadonlySet<ExtraScope> {
  const scopes = new Set(allow ?? [])
  for (const scope of scopes) {
    if (scope !== 'loopback' && scope !== 'private') throw new TypeError(`allow may hold loopback and private`)
  }
  return scopes
}
