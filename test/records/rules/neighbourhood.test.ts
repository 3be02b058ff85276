/** What a few lookups say about all keys around, against a look at all nodes. */
import test from 'brittle'
import fc from 'fast-check'
import { compareDistance } from '../../../lib/primitives/id.js'
import { toHex } from '../../../lib/records/hex.js'
import { Neighbourhood } from '../../../lib/records/rules/neighbourhood.js'
import { SeededRandom } from '../../../lib/simulation/seeded-random.js'
import { holds } from '../../helpers/properties.js'

interface Node {
  readonly id: Uint8Array
}

const closestOf = (nodes: readonly Node[], target: Uint8Array, count: number): Node[] =>
  nodes.toSorted((a, b) => compareDistance(target, a.id, b.id)).slice(0, count)

const namesOf = (nodes: readonly Node[]): string => nodes.map(({ id }) => toHex(id)).join()

/** Looks up what it has to, until it knows; how often that was, and what it knows then. */
function ask(around: Neighbourhood<Node>, nodes: readonly Node[], target: Uint8Array, count: number) {
  for (let lookups = 0; ; lookups++) {
    const nearest = around.closest(target, count)
    if ('nodes' in nearest) return { lookups, found: nearest.nodes }
    around.note(nearest.unknown, closestOf(nodes, nearest.unknown, 20))
  }
}

test('neighbourhood: the closest nodes are those of a lookup, for any keys and nodes', (t) => {
  const lookups: number[] = []
  holds(
    t,
    fc.property(fc.nat(120), fc.nat(), fc.integer({ min: 1, max: 20 }), fc.nat(20), (size, seed, count, sharedBits) => {
      const random = new SeededRandom(seed)
      // Ids may crowd together, as those of few nodes do, or of somebody who chooses them.
      const crowd = random.bytes(32)
      const id = (isCrowded: boolean): Uint8Array => {
        const bytes = random.bytes(32)
        if (isCrowded) bytes.set(crowd.subarray(0, sharedBits >> 3))
        return bytes
      }
      const nodes = Array.from({ length: size }, (_, i) => ({ id: id(i % 3 === 0) }))
      const around = new Neighbourhood<Node>()
      for (let i = 0; i < 30; i++) {
        const target = id(i % 2 === 0)
        const asked = ask(around, nodes, target, count)
        lookups.push(asked.lookups)
        if (namesOf(asked.found) !== namesOf(closestOf(nodes, target, count))) return false
        if (asked.lookups > 12 || around.size > size) return false
      }
      return ask(around, nodes, crowd, count).lookups <= 12
    }),
    { numRuns: 60 },
  )
  t.ok(lookups.length === 60 * 30 && lookups.some((count) => count > 1), 'answers were put together from several')
})

test('neighbourhood: keys that lie near each other need a few lookups, however many they are', (t) => {
  const random = new SeededRandom(1)
  const nodes = Array.from({ length: 1000 }, () => ({ id: random.bytes(32) }))
  const around = new Neighbourhood<Node>()
  const own = nodes[0]!.id
  let lookups = 0
  for (let i = 0; i < 500; i++) {
    const target = random.bytes(32)
    target[0] = own[0]! // a node is the closest one to keys that share nine or ten bits with it
    lookups += ask(around, nodes, target, 20).lookups
  }
  t.ok(lookups <= 12, `${lookups} lookups for 500 keys`)
})
