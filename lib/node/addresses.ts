/** Where a node can be reached, as far as it knows, and whom it knows. */
import type { Recency } from '../routing/recency.js'
import { checkInteger } from './arguments.js'
import type { Core } from './core.js'

/**
 * The address we are bound to or, when that is any, the first external IPv4 interface (`en0` preferred), with the
 * server port; null while not bound.
 */
export function localAddress({ config, endpoint, transport }: Core): { host: string; port: number } | null {
  if (endpoint.serverSocket === null) return null
  if (config.host !== ANY_HOST) return { host: config.host, port: endpoint.serverPort }
  const external = transport.networkInterfaces().filter(({ family, internal }) => family === 4 && !internal)
  const chosen = external.find(({ name }) => name === 'en0') ?? external[0]
  return { host: chosen?.host ?? '127.0.0.1', port: endpoint.serverPort }
}

const ANY_HOST = '0.0.0.0'

/** The public address, if it is known, open, and the server socket's own. */
export function remoteAddress({ endpoint, identity }: Core): { host: string; port: number } | null {
  const { firewalled, host, port } = identity
  if (host === null || port === 0 || firewalled || port !== endpoint.serverPort) return null
  return { host, port }
}

/** Addresses of the contacts, most recently heard first. @throws TypeError or RangeError for a limit that is none */
export function listContacts(contacts: Recency, limit: number): { host: string; port: number }[] {
  if (limit !== Infinity) checkInteger(limit, 'limit', 0, Number.MAX_SAFE_INTEGER)
  const out: { host: string; port: number }[] = []
  for (const { host, port } of contacts) {
    if (out.length >= limit) break
    out.push({ host, port })
  }
  return out
}
