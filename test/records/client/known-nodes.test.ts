/** Which nodes are asked without a lookup: those heard lately, where we know all that are there. */
import test from 'brittle'
import { parseIPv4 } from '../../../lib/primitives/address.js'
import { compareDistance, idFromAddress } from '../../../lib/primitives/id.js'
import { KnownNodes } from '../../../lib/records/client/known-nodes.js'
import type { Reply } from '../../../lib/rpc/reply.js'
import { SeededRandom } from '../../../lib/simulation/index.js'

const MINUTE = 60_000

interface Named {
  host: string
  port: number
}

/** A reply of this node, as far as it is looked at. */
function replyOf({ host, port }: Named, { token = null as Uint8Array | null, closer = [] as Named[] } = {}): Reply {
  const named = {
    length: closer.length,
    ipAt: (i: number) => parseIPv4(closer[i]!.host),
    portAt: (i: number) => closer[i]!.port,
  }
  return { from: { id: idFromAddress(host, port), host, port }, token, closer: named } as unknown as Reply
}

function nodesOf(count: number, from = 0): Named[] {
  return Array.from({ length: count }, (_, i) => ({ host: `20.0.${(from + i) >> 8}.${(from + i) & 255}`, port: 4000 }))
}

const random = new SeededRandom(1)
const far = (target: Uint8Array) => (a: Named, b: Named) =>
  compareDistance(target, idFromAddress(a.host, a.port), idFromAddress(b.host, b.port))

function create(nodes: readonly Named[]): { known: KnownNodes; clock: { now: number } } {
  const clock = { now: 1000 }
  const known = new KnownNodes(
    () => clock.now,
    () => ({ id: new Uint8Array(32), closest: [] }),
  )
  for (const node of nodes) known.note(replyOf(node))
  return { known, clock }
}

/** A lookup that has found the true closest of these. */
function noteLookup(known: KnownNodes, nodes: readonly Named[]): void {
  const target = random.bytes(32)
  const { host, port } = nodes.toSorted(far(target))[19]!
  known.noteLookup(target, idFromAddress(host, port))
}

test('known nodes: the closest are those of brute force, nearest first', (t) => {
  const nodes = nodesOf(100)
  const { known } = create(nodes)
  t.is(known.closest(random.bytes(32), 20), null, 'no lookup has said how far they may be')
  noteLookup(known, nodes)
  for (let i = 0; i < 50; i++) {
    const target = random.bytes(32)
    const wanted = nodes.toSorted(far(target)).slice(0, 20)
    // Where they happen to lie far apart a lookup has to say so.
    const found = known.closest(target, 20)
    if (found !== null) {
      t.alike(
        found.map(({ peer: { host, port } }) => ({ host, port })),
        wanted,
      )
    }
  }
})

test('known nodes: of a large network only those around one key are known, so others are looked up', (t) => {
  const nodes = nodesOf(5000)
  const target = random.bytes(32)
  const near = nodes.toSorted(far(target)).slice(0, 40)
  const { known } = create(near)
  noteLookup(known, nodes)
  const opposite = target.map((byte) => byte ^ 255)
  t.is(known.closest(opposite, 20), null)
  t.is(known.closest(target, 20)?.length, 20, 'around the key itself they will do')
})

test('known nodes: who was not heard for a minute, is silent, or does not know the command is left out', (t) => {
  const nodes = nodesOf(30)
  const { known, clock } = create(nodes)
  noteLookup(known, nodes)
  const target = random.bytes(32)
  const [nearest] = nodes.toSorted(far(target))
  const first = known.closest(target, 1)![0]!
  t.is(first.peer.host, nearest!.host)
  known.noteUseless(first.key)
  t.not(known.closest(target, 1)?.[0]?.peer.host, nearest!.host)
  t.alike(
    known.strangers(
      replyOf(nodes[1]!, { closer: [nearest!] }),
      target,
      first.peer.id.map((byte) => byte ^ 255),
    ),
    [],
  )
  clock.now += MINUTE + 1
  t.is(known.closest(target, 20), null, 'all of them may be gone')
  for (const node of nodes) known.note(replyOf(node))
  t.is(known.closest(target, 1)![0]!.peer.host, nearest!.host, 'and it is asked again')
})

test('known nodes: a stranger that is named and closer is told, one that is farther is not', (t) => {
  const nodes = nodesOf(60)
  const target = random.bytes(32)
  const [nearest, ...others] = nodes.toSorted(far(target))
  const { known } = create(others)
  noteLookup(known, nodes)
  const farthest = known.closest(target, 20)!.at(-1)!.peer.id
  const outside = nodesOf(200, 1000).toSorted(far(target)).at(-1)!
  const closer = [nearest!, others[0]!, outside]
  const strangers = known.strangers(replyOf(others[3]!, { closer }), target, farthest)
  t.alike(
    strangers.map(({ peer: { host } }) => host),
    [nearest!.host],
  )
})

test('known nodes: the latest token is kept, and there is a limit', (t) => {
  const nodes = nodesOf(2000)
  const { known } = create(nodes)
  t.ok(known.size <= 512)
  const { known: few } = create(nodesOf(20))
  noteLookup(few, nodesOf(20))
  const target = random.bytes(32)
  const token = random.bytes(32)
  const { host, port } = few.closest(target, 1)?.[0]?.peer ?? nodesOf(1)[0]!
  few.note(replyOf({ host, port }, { token }))
  few.note(replyOf({ host, port }))
  const found = few.closest(target, 20)?.find(({ peer }) => peer.host === host)
  t.alike(found?.token, token)
})

test('known nodes: of tokens that come shortly one after the other the first will do', (t) => {
  const nodes = nodesOf(20)
  const { known, clock } = create(nodes)
  noteLookup(known, nodes)
  const target = idFromAddress(nodes[0]!.host, nodes[0]!.port)
  const tokenNow = (): Uint8Array | null => known.closest(target, 1)![0]!.token
  const [first, second, third] = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte))
  t.is(tokenNow(), null)
  known.note(replyOf(nodes[0]!, { token: first! }))
  t.is(tokenNow(), first!, 'the first one is taken at once')
  clock.now += 499
  known.note(replyOf(nodes[0]!, { token: second! }))
  t.is(tokenNow(), first!)
  clock.now += 1
  known.note(replyOf(nodes[0]!, { token: third! }))
  t.is(tokenNow(), third!)
})
