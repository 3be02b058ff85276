/**
 * Where a gateway sends to: hosts of the public Internet, on ports where no service of a system lives. Pure.
 *
 * A page would otherwise be inside the network that the gateway stands in. Multicast, broadcast and reserved addresses
 * are never allowed: no node has one.
 */
import { addressScope } from '../primitives/address.js'

/** What may be allowed beside the public Internet, for development and for networks of one's own. */
export type ExtraScope = 'loopback' | 'private'

export interface DestinationRules {
  /** Default: none. */
  allow: ReadonlySet<ExtraScope>
  /** Lowest port. */
  minPort: number
}

/** Blocks within the public ranges that nobody can have a node in: IETF (RFC 6890), documentation, 6to4, benchmarks. */
const RESERVED: readonly (readonly [start: number, bits: number])[] = [
  [0xc0000000, 24], // 192.0.0.0
  [0xc0000200, 24], // 192.0.2.0
  [0xc0586300, 24], // 192.88.99.0
  [0xc6120000, 15], // 198.18.0.0
  [0xc6336400, 24], // 198.51.100.0
  [0xcb007100, 24], // 203.0.113.0
]

/** Whether a datagram may go to, or come from, this host. */
export function isHostAllowed(ip: number, { allow }: DestinationRules): boolean {
  const scope = addressScope(ip)
  if (scope === 'unusable') return false
  if (scope !== 'public') return allow.has(scope)
  for (const [start, bits] of RESERVED) if ((ip ^ start) >>> (32 - bits) === 0) return false
  return true
}

/** Whether a datagram may go there. */
export function isDestinationAllowed(ip: number, port: number, rules: DestinationRules): boolean {
  return port >= rules.minPort && isHostAllowed(ip, rules)
}
