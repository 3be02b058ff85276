/** Which nodes are offered what, in a network that is made up. */
import test from 'brittle'
import type { Session } from '../../../lib/node/session.js'
import { compareDistance } from '../../../lib/primitives/id.js'
import type { Entry, EntryKey } from '../../../lib/records/entry.js'
import { toHex } from '../../../lib/records/hex.js'
import { Distribution } from '../../../lib/records/holder/distribution.js'
import type { Offers } from '../../../lib/records/holder/offers.js'
import type { Peer } from '../../../lib/rpc/reply.js'
import { seededRandom } from '../../../lib/simulation/index.js'
import { entryOf } from '../entries.js'

interface World {
  readonly distribution: Distribution
  /** Targets that each node was offered, by the hex of its id. */
  readonly offered: Map<string, string[]>
  /** Nodes that were offered something, call by call. */
  readonly calls: string[]
  lookups: number
  now: number
}

/** @param options `missed`: nodes that a lookup leaves out; `answer` of a node to an offer */
function createWorld(
  ids: readonly Uint8Array[],
  options: { missed?: number; inTable?: number; answer?: (name: string) => boolean } = {},
): World {
  const { missed = 0, inTable = 20, answer = () => true } = options
  const session = {
    query: ({ target }: { target: Uint8Array }) => {
      world.lookups++
      const found = closestIds(ids, target, 20 - missed).map((id) => ({ from: { id, host: '20.0.0.1', port: 1 } }))
      return { finished: async () => {}, closestReplies: found }
    },
  }
  const offers = {
    offerTo: async (_: Session, { id }: Peer, keys: readonly EntryKey[]) => {
      const name = toHex(id!)
      world.calls.push(name)
      const all = world.offered.get(name) ?? []
      world.offered.set(name, [...all, ...keys.map(({ target }) => toHex(target))])
      return answer(name)
    },
  }
  const distribution = new Distribution({
    session: session as unknown as Session,
    clock: { now: () => world.now } as never,
    offers: offers as unknown as Offers,
    knownAround: () => inTable,
  })
  const world: World = { distribution, offered: new Map(), calls: [], lookups: 0, now: 0 }
  return world
}

const random = seededRandom(5)

const closestIds = (ids: readonly Uint8Array[], target: Uint8Array, count: number): Uint8Array[] =>
  ids.toSorted((a, b) => compareDistance(target, a, b)).slice(0, count)

const network = (size: number): Uint8Array[] => Array.from({ length: size }, () => random.bytes(32))

/** Entries that lie near each other. */
function entriesNear(id: Uint8Array, count: number, kind: Entry['kind'] = 'record'): Entry[] {
  return Array.from({ length: count }, (_, i) => {
    const target = random.bytes(32)
    target[0] = id[0]!
    return { ...entryOf(i, { kind }), target }
  })
}

/** What each node should be offered, in the form of `offered`. */
function wanted(ids: readonly Uint8Array[], entries: readonly Entry[], count: number): Map<string, string[]> {
  const all = new Map<string, string[]>()
  for (const { target } of entries) {
    for (const id of closestIds(ids, target, count)) all.set(toHex(id), [...(all.get(toHex(id)) ?? []), toHex(target)])
  }
  return all
}

const inOrder = (offered: ReadonlyMap<string, string[]>): string =>
  [...offered]
    .map(([name, targets]) => `${name}: ${targets.toSorted().join()}`)
    .sort()
    .join('\n')

test('distribution: each of the closest nodes is offered each entry once, after a few lookups', async (t) => {
  const ids = network(200)
  for (const [kind, count] of [
    ['record', 20],
    ['chunk', 10],
  ] as const) {
    const world = createWorld(ids)
    const entries = entriesNear(ids[0]!, 150, kind)
    for (const entry of entries) await world.distribution.add(entry)
    await world.distribution.finish()
    t.is(inOrder(world.offered), inOrder(wanted(ids, entries, count)), kind)
    t.ok(world.lookups <= 12, `${world.lookups} lookups for 150 entries`)
    t.ok(world.calls.length < 150 * 4, `${world.calls.length} offers`)
  }
})

test('distribution: in a small network one lookup finds everybody', async (t) => {
  const ids = network(12)
  const world = createWorld(ids, { inTable: 13 })
  const entries = entriesNear(ids[0]!, 40)
  for (const entry of entries) await world.distribution.add(entry)
  await world.distribution.finish()
  t.is(inOrder(world.offered), inOrder(wanted(ids, entries, 20)))
  t.is(world.lookups, 1)
})

test('distribution: a lookup that found too few says nothing about other keys', async (t) => {
  const ids = network(100)
  const world = createWorld(ids, { missed: 3 })
  const entries = entriesNear(ids[0]!, 10)
  for (const entry of entries) await world.distribution.add(entry)
  await world.distribution.finish()
  t.is(inOrder(world.offered), inOrder(wanted(ids, entries, 17)))
  t.ok(world.lookups >= 10)
})

test('distribution: what was looked up a minute ago is looked up anew', async (t) => {
  const ids = network(15)
  const world = createWorld(ids, { inTable: 15 })
  for (const entry of entriesNear(ids[0]!, 5)) {
    await world.distribution.add(entry)
    world.now += 30_000
  }
  await world.distribution.finish()
  t.is(world.lookups, 3)
})

test('distribution: who does not answer is not asked again, and a failure ends it', async (t) => {
  const ids = network(20)
  const mute = toHex(ids[3]!)
  const world = createWorld(ids, { answer: (name) => name !== mute })
  for (const entry of entriesNear(ids[0]!, 200)) await world.distribution.add(entry)
  await world.distribution.finish()
  t.ok(world.calls.filter((name) => name === mute).length <= 2)
  t.ok(world.calls.length > 19 * 5)
  const failing = createWorld(ids, {
    answer: () => {
      throw new Error('the call is over')
    },
  })
  let added = 0
  await t.exception(async () => {
    for (const entry of entriesNear(ids[0]!, 200)) {
      await failing.distribution.add(entry)
      added++
    }
  }, /the call is over/)
  t.ok(added < 60, `${added} were added until then`)
  await t.exception(failing.distribution.finish(), /the call is over/)
})
