/** A hundred nodes around a target, and the steps that tests of the traversal have in common. */
import { formatIPv4 } from '../../lib/primitives/address.js'
import { compareDistance, idFromIp } from '../../lib/primitives/id.js'
import type { Candidate } from '../../lib/query/candidate.js'
import { CloserNodeList } from './closer-node-list.js'
import { Traversal } from '../../lib/query/traversal.js'
import type { TraversalOptions } from '../../lib/query/traversal-options.js'

export const TARGET = idFromIp(1, 1)
export const GOOD = { identified: true, ok: true }
export const PORT = 1000

/** 100 public addresses, nearest to the target first: NEAR[0] is the nearest of all. */
export const NEAR = Array.from({ length: 100 }, (_, i) => ({ ip: 0x14000000 + i, port: PORT })).sort((a, b) =>
  compareDistance(TARGET, idFromIp(a.ip, PORT), idFromIp(b.ip, PORT)),
)

export function create(options: Partial<TraversalOptions> = {}): Traversal {
  return new Traversal({ target: TARGET, ...options })
}

/** Seeds by their place in NEAR. */
export function seed(traversal: Traversal, ...places: number[]): void {
  for (const place of places) traversal.addSeed(formatIPv4(NEAR[place]!.ip), PORT)
}

export function names(...places: number[]): CloserNodeList {
  return new CloserNodeList(places.map((place) => NEAR[place]!))
}

export function placeOf(candidate: Candidate): number {
  return NEAR.findIndex(({ ip }) => ip === candidate.ip)
}

/** Everything that may be asked now. */
export function drain(traversal: Traversal): Candidate[] {
  const asked: Candidate[] = []
  for (let c = traversal.next(); c !== null; c = traversal.next()) asked.push(c)
  return asked
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i)
}
