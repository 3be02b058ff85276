/**
 * Which addresses a replier may make us send datagrams to (behaviour 17, W-S7).
 *
 * Names come from strangers. A node of the public network that names private or loopback addresses can only be wrong
 * or up to something; a neighbour on our machine or in our network rightly names its like.
 */
import { addressScope } from '../primitives/address.js'
import type { AddressScope } from '../primitives/address.js'

/** The closer nodes of a reply, read in place: no list and no objects are made for names that are known already. */
export interface CloserNodes {
  readonly length: number
  /** IPv4 address number of the node at `index`. */
  ipAt(index: number): number
  /** Port of the node at `index`; 0 is possible. */
  portAt(index: number): number
}

/** How far from the public network a scope is; who lives at a level may name addresses up to that level. */
const LEVEL: { readonly [S in AddressScope]: number } = { public: 0, private: 1, loopback: 2, unusable: -1 }

/** Highest {@link LEVEL} of the addresses that a replier at `replierIp` may name to us, who allow `home`. */
export function nameableLevel(replierIp: number, home: AddressScope): number {
  return Math.max(LEVEL[home], LEVEL[addressScope(replierIp)])
}

/** Whether an address can be a contact at all, and one of at most this level. */
export function isNameable(ip: number, port: number, level: number): boolean {
  if (port === 0) return false
  const scope = addressScope(ip)
  return scope !== 'unusable' && LEVEL[scope] <= level
}
