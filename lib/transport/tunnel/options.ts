/** How a client reaches its gateways: the option `gateway` of a node. */
import { DEFAULT_WINDOW_BYTES, MAX_WINDOW_BYTES, MIN_WINDOW_BYTES } from './credit.js'
import type { OpenLink } from './link.js'
import type { RefusalCounts } from './refusal.js'

/** Where a client stands with its gateway. */
export interface GatewayStatus {
  /**
   * `idle`: no socket is wanted; `connecting`; `open`; `waiting`: until the next attempt; `refused`: every gateway has
   * refused us for good.
   */
  state: 'idle' | 'connecting' | 'open' | 'waiting' | 'refused'
  /** The gateway in question. */
  url: string
  /** Whether the session, and with it the ports, goes on; where `state` is `open`. */
  resumed: boolean
  /** Why it is not open, in words; empty where it is. */
  reason: string
  /** Close code of the connection that was lost, 0 where there was none. */
  code: number
  /** Datagrams that the gateway did not pass on, by reason. */
  refusals: Readonly<RefusalCounts>
}

/** A gateway's token: as it is, or asked for before each connection, so that it is never stale. */
export type GatewayToken = string | (() => string | Promise<string>)

export interface GatewayOptions {
  /** `wss://…` or `ws://…`, or several: the next one has its turn when one cannot be reached. At most 16. */
  url: string | readonly string[]
  /** For the gateway's authorization hook. Default: none. */
  token?: GatewayToken
  /** Bytes that may be on the way to us, at least 4096. Default 65536. */
  windowBytes?: number
  /** How long the first sockets may take, in milliseconds; then the node fails with BIND_FAILED. Default 30000. */
  openTimeoutMs?: number
  /** How long one attempt may take. Default 10000. */
  connectTimeoutMs?: number
  /** Waits between attempts: the first, and the longest one. Default 500 and 30000. */
  minDelayMs?: number
  maxDelayMs?: number
  /** Called whenever the connection's state changes, or the gateway tells of refusals. Must not throw. */
  onStatus?: (status: GatewayStatus) => void
  /** Another implementation of connections, for tests. Default: the WebSocket of the runtime. */
  openLink?: OpenLink
}

/** Checked options with defaults. */
export interface GatewayConfig {
  urls: readonly string[]
  token: GatewayToken | null
  windowBytes: number
  openTimeoutMs: number
  connectTimeoutMs: number
  minDelayMs: number
  maxDelayMs: number
  onStatus: ((status: GatewayStatus) => void) | null
  openLink: OpenLink | null
}

/** BOUNDED: so many gateways are a list of gateways, not a network of them. */
const MAX_URLS = 16

const LONGEST_MS = 24 * 60 * 60_000

/** @throws TypeError or RangeError that names the option */
export function parseGatewayOptions(given: string | readonly string[] | GatewayOptions): GatewayConfig {
  const options: GatewayOptions = typeof given === 'string' || Array.isArray(given) ? { url: given } : (given as never)
  if (typeof options !== 'object' || options === null) {
    throw new TypeError('gateway must be a URL, a list of URLs, or an object with a url')
  }
  const { token = null, onStatus = null, openLink = null } = options
  if (token !== null && typeof token !== 'string' && typeof token !== 'function') {
    throw new TypeError('gateway.token must be a string or a function')
  }
  if (onStatus !== null && typeof onStatus !== 'function') throw new TypeError('gateway.onStatus must be a function')
  if (openLink !== null && typeof openLink !== 'function') throw new TypeError('gateway.openLink must be a function')
  const minDelayMs = integer(options, 'minDelayMs', 500, 1, LONGEST_MS)
  return {
    urls: parseUrls(options.url),
    token,
    windowBytes: integer(options, 'windowBytes', DEFAULT_WINDOW_BYTES, MIN_WINDOW_BYTES, MAX_WINDOW_BYTES),
    openTimeoutMs: integer(options, 'openTimeoutMs', 30_000, 1, LONGEST_MS),
    connectTimeoutMs: integer(options, 'connectTimeoutMs', 10_000, 1, LONGEST_MS),
    minDelayMs,
    maxDelayMs: integer(options, 'maxDelayMs', Math.max(minDelayMs, 30_000), minDelayMs, LONGEST_MS),
    onStatus,
    openLink,
  }
}

function parseUrls(url: unknown): readonly string[] {
  const urls: readonly unknown[] = Array.isArray(url) ? url : [url]
  if (urls.length === 0 || urls.length > MAX_URLS) {
    throw new RangeError(`gateway must name 1 to ${MAX_URLS} URLs, got ${urls.length}`)
  }
  for (const each of urls) {
    if (typeof each !== 'string' || !/^wss?:\/\/[^/\s?#]+[^\s#]*$/i.test(each)) {
      throw new TypeError(`gateway must be a ws:// or wss:// URL without a fragment, got ${String(each)}`)
    }
  }
  return urls as string[]
}

function integer(options: GatewayOptions, name: keyof GatewayOptions, fallback: number, least: number, most: number) {
  const value = options[name] ?? fallback
  if (typeof value !== 'number') throw new TypeError(`gateway.${name} must be a number`)
  if (!Number.isSafeInteger(value) || value < least || value > most) {
    throw new RangeError(`gateway.${name} must be an integer from ${least} to ${most}, got ${value}`)
  }
  return value
}
