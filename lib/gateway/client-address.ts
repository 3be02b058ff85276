/**
 * Whom a connection counts for. Pure.
 *
 * An IPv4 address is one client (or one household behind a NAT); of IPv6 everybody has a /64 at least, so all of that is
 * one. Behind proxies of ours, the last address they did not add themselves is the client's: what stands left of it in
 * `X-Forwarded-For` is what the client says.
 */
import { isIPv4 } from '../primitives/address.js'

/** Headers in which proxies name the client; of these the first one is read. */
export type ForwardingHeader = 'x-forwarded-for' | 'forwarded' | 'x-real-ip'

/** A proxy that is not heard: its clients count as one. */
export interface ProxyWarning {
  /** Of the proxy, as `trustedProxies` would have it. */
  address: string
  /** The header in which it names its clients. */
  header: ForwardingHeader
}

const FORWARDING_HEADERS: readonly ForwardingHeader[] = ['x-forwarded-for', 'forwarded', 'x-real-ip']

/** A client's address, or its /64 as `2001:db8:0:0::/64`; what is no address stays as it is. */
export function clientKey(address: string): string {
  const plain = plainAddress(address)
  if (isIPv4(plain) || !plain.includes(':')) return plain
  return `${expandIPv6(plain).slice(0, 4).join(':')}::/64`
}

/**
 * The address that a request came from.
 *
 * @param peer the other end of the TCP connection
 * @param forwarded value of `X-Forwarded-For`, undefined where there is none
 * @param trusted proxies of ours, as addresses
 */
export function clientAddress(peer: string, forwarded: string | undefined, trusted: ReadonlySet<string>): string {
  let address = plainAddress(peer)
  if (forwarded === undefined) return address
  const chain = forwarded.split(',')
  while (trusted.has(address) && chain.length > 0) {
    const next = plainAddress(chain.pop()!.trim())
    // A proxy that adds no address is none of ours.
    if (!isAddress(next)) break
    address = next
  }
  return address
}

/**
 * Whether a request came through a proxy that is not heard, so that all of its clients count as one: it is none of ours,
 * or names them in a header that is not read.
 *
 * @param peer the other end of the TCP connection
 * @param headers of the request, names in small letters
 * @param trusted proxies of ours, as addresses
 * @returns the header that was not heeded; null: there is none
 */
export function unheardProxy(
  peer: string,
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  trusted: ReadonlySet<string>,
): ForwardingHeader | null {
  const header = FORWARDING_HEADERS.find((name) => headers[name] !== undefined)
  if (header === undefined) return null
  if (!trusted.has(plainAddress(peer))) return header
  const last = String(headers['x-forwarded-for'] ?? '')
    .split(',')
    .pop()!
  return isAddress(plainAddress(last.trim())) ? null : header
}

function isAddress(text: string): boolean {
  return isIPv4(text) || text.includes(':')
}

/** Without the brackets and zones of IPv6; IPv4 within IPv6 as IPv4. */
export function plainAddress(address: string): string {
  const plain = address.replace(/^\[|\](:\d+)?$/g, '').replace(/%.*$/, '')
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)
  return mapped === null ? plain.toLowerCase() : mapped[1]!
}

/** Eight groups, without leading zeros. */
function expandIPv6(address: string): string[] {
  const [head = '', tail] = address.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length)
  return [...left, ...new Array<string>(zeros).fill('0'), ...right].map((group) => group.replace(/^0+(?=.)/, ''))
}
