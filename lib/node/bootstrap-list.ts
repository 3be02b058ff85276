/** Bootstrap nodes as they are written down, and as the address to ask first. */
import { isIPv4, isPort } from '../primitives/address.js'
import type { DHTOptions } from './options.js'

/** One entry of the `bootstrap` option. */
export type BootstrapEntry = string | number | { readonly host?: string | null; readonly port?: number | null }

/** A parsed entry. */
export interface BootstrapNode {
  /** IPv4 address or name; null while a node given as an entry does not know its own yet. */
  readonly host: string | null
  readonly port: number
  /** IPv4 address to try before asking DNS, or null. */
  readonly suggestedIp?: string | null
}

const LOCALHOST = '127.0.0.1'

/** @throws TypeError, also with `Bootstrap node format is host:port` for a string without a port */
export function parseBootstrap(entries: unknown): BootstrapNode[] {
  if (entries === undefined || entries === null || entries === false) return []
  if (!Array.isArray(entries)) throw new TypeError('bootstrap must be an array or false')
  return (entries as BootstrapEntry[]).map(parseEntry)
}

function parseEntry(entry: BootstrapEntry): BootstrapNode {
  if (typeof entry === 'number') return { host: LOCALHOST, port: checkPort(entry) }
  if (typeof entry === 'string') return parseText(entry)
  if (typeof entry !== 'object' || entry === null) throw new TypeError('Bootstrap node format is host:port')
  // A node as an entry learns its address later, so its host and port are read when they are needed.
  if (typeof (entry as { destroy?: unknown }).destroy === 'function') return entry as BootstrapNode
  const { host } = entry
  if (typeof host !== 'string' || host === '') throw new TypeError('Bootstrap node format is host:port')
  return { host, port: checkPort(entry.port) }
}

function parseText(text: string): BootstrapNode {
  const at = text.indexOf('@')
  const colon = text.lastIndexOf(':')
  if (colon === -1 || colon < at) throw new TypeError('Bootstrap node format is host:port')
  const host = text.slice(at + 1, colon)
  const port = checkPort(Number(text.slice(colon + 1)))
  if (host === '') throw new TypeError('Bootstrap node format is host:port')
  return at > 0 ? { host, port, suggestedIp: text.slice(0, at) } : { host, port }
}

function checkPort(port: unknown): number {
  if (!isPort(port)) throw new RangeError(`bootstrap port must be an integer from 1 to 65535, got ${String(port)}`)
  return port
}

/** The arguments of `DHT.bootstrapper`, in the order in which they are missed. @throws TypeError, RangeError */
export function checkBootstrapper(port: number, host: string): void {
  if (!port) throw new TypeError('Port is required')
  if (!host) throw new TypeError('Host is required')
  if (host === '0.0.0.0' || host === '::') throw new TypeError('Invalid host')
  if (typeof host !== 'string' || !isIPv4(host)) throw new TypeError('Host must be a IPv4 address')
  if (!isPort(port)) throw new RangeError(`port must be an integer from 1 to 65535, got ${port}`)
}

/** Options of `DHT.bootstrapper`; the caller's own come last. @throws TypeError or RangeError for bad arguments */
export function bootstrapperOptions(port: number, host: string, options: DHTOptions): DHTOptions {
  checkBootstrapper(port, host)
  return {
    // This one or none: on the next port the id would belong to another address.
    port: [port, port + 1],
    ephemeral: false,
    firewalled: false,
    anyPort: false,
    bootstrap: [],
    ...options,
  }
}
