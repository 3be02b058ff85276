import test from 'brittle'
import * as fc from 'fast-check'
import { Nat, type NatKind, seededRandom } from '../../lib/simulation/index.js'
import { MAX_WAYS } from '../../lib/simulation/nat.js'
import { holds } from '../helpers/properties.js'

const LIFETIME_MS = 60_000
const P = 1001
const Q = 1002
const X = 5_000_001
const Y = 5_000_002

function create(kind: NatKind): Nat {
  const random = seededRandom(1)
  return new Nat({ kind, mappingLifetimeMs: LIFETIME_MS }, (limit) => random.below(limit))
}

test('nat: open keeps ports and lets everything in', (t) => {
  const nat = create('open')
  t.is(nat.outbound(P, X, 0), P)
  t.is(nat.inbound(P, Y, 0), P)
  t.is(nat.size, 0, 'without keeping anything')
})

test('nat: firewalled keeps ports, and lets in only those that the port has sent to', (t) => {
  const nat = create('firewalled')
  t.is(nat.inbound(P, X, 0), -1)
  t.is(nat.outbound(P, X, 0), P)
  t.is(nat.inbound(P, X, 1), P)
  t.is(nat.inbound(P, Y, 1), -1, 'not another')
  t.is(nat.inbound(Q, X, 1), -1, 'not to another port')
})

test('nat: consistent shows all the same other port, and lets in only those that were sent to', (t) => {
  const nat = create('consistent')
  const external = nat.outbound(P, X, 0)
  t.not(external, P)
  t.is(nat.outbound(P, Y, 0), external)
  t.not(nat.outbound(Q, X, 0), external)
  t.is(nat.inbound(external, X, 1), P)
  t.is(nat.inbound(external, Y, 1), P)
  t.is(nat.inbound(external, X + 7, 1), -1)
  t.is(nat.inbound(P, X, 1), -1, 'nobody sees the port inside')
})

test('nat: randomized shows each another port, which lets in only that one', (t) => {
  const nat = create('randomized')
  const forX = nat.outbound(P, X, 0)
  const forY = nat.outbound(P, Y, 0)
  t.is(new Set([P, forX, forY]).size, 3)
  t.is(nat.outbound(P, X, 1), forX)
  t.is(nat.inbound(forX, X, 1), P)
  t.is(nat.inbound(forX, Y, 1), -1)
})

for (const kind of ['firewalled', 'consistent', 'randomized'] as const) {
  test(`nat: ${kind}: a way closes when nothing left for its lifetime, whatever came in`, (t) => {
    const nat = create(kind)
    const first = nat.outbound(P, X, 0)
    t.is(nat.inbound(first, X, LIFETIME_MS), P)
    t.is(nat.inbound(first, X, LIFETIME_MS + 1), -1)
    const again = nat.outbound(P, X, LIFETIME_MS + 1)
    if (kind === 'firewalled') t.is(again, first)
    else t.not(again, first, 'a new port')
    t.is(nat.inbound(again, X, LIFETIME_MS + 2), P)
    t.is(nat.outbound(P, X, 2 * LIFETIME_MS), again, 'what is used stays')
    t.is(nat.inbound(again, X, 3 * LIFETIME_MS), P)
    t.is(nat.size, 1, 'the old one is gone')
    nat.reset()
    t.is(nat.inbound(again, X, 3 * LIFETIME_MS), -1)
    t.is(nat.size, 0)
  })

  test(`nat: ${kind}: the ways it keeps are bounded, the longest unused goes`, (t) => {
    const nat = create(kind)
    const external: number[] = []
    for (let i = 0; i <= MAX_WAYS; i++) external.push(nat.outbound(P, X + i, i / 100))
    t.is(nat.size, MAX_WAYS)
    t.is(nat.inbound(external[0]!, X, 50), -1)
    t.is(nat.inbound(external[1]!, X + 1, 50), P)
    t.is(nat.inbound(external[MAX_WAYS]!, X + MAX_WAYS, 50), P)
    nat.outbound(Q, X, 3 * LIFETIME_MS)
    t.is(nat.size, 1, 'room is made by what has expired')
  })
}

test('nat: any traffic: an answer gets back where the question came from, and ports are never shared', (t) => {
  const step = fc.record({
    port: fc.integer({ min: 1, max: 3 }),
    peer: fc.integer({ min: 1, max: 4 }),
    waitMs: fc.integer({ min: 0, max: 40_000 }),
  })
  const kinds = fc.constantFrom<NatKind>('firewalled', 'consistent', 'randomized')
  holds(
    t,
    fc.property(kinds, fc.array(step, { maxLength: 60 }), (kind, steps) => {
      const nat = create(kind)
      let now = 0
      /** By port and peer: when it last sent, and through which port. */
      const model = new Map<string, { port: number; peer: number; external: number; at: number }>()
      for (const { port, peer, waitMs } of steps) {
        now += waitMs
        const external = nat.outbound(port, peer, now)
        model.set(`${port} ${peer}`, { port, peer, external, at: now })
        for (const way of model.values()) {
          const isOpen = now - way.at <= LIFETIME_MS
          if (nat.inbound(way.external, way.peer, now) !== (isOpen ? way.port : -1)) {
            // A closed way's port may belong to another port's way by now; then it is that one that is open.
            const isOthers = [...model.values()].some(
              (other) => other !== way && other.external === way.external && now - other.at <= LIFETIME_MS,
            )
            if (isOpen || !isOthers) return false
          }
        }
      }
      return true
    }),
  )
})

test('nat: bad options throw', (t) => {
  void t.exception.all(() => create('odd' as NatKind), TypeError)
  void t.exception.all(() => new Nat({ kind: 'open', mappingLifetimeMs: 0 }, () => 0), RangeError)
})

test('nat: randomized: a way that was silent gets a new port, also while others of its port are in use', (t) => {
  const nat = create('randomized')
  const first = nat.outbound(P, X, 0)
  nat.outbound(P, Y, 50_000)
  t.not(nat.outbound(P, X, LIFETIME_MS + 1), first)
  t.is(nat.size, 2)
})

test('nat: consistent: a port outside stays while one of its ways does', (t) => {
  const nat = create('consistent')
  const external = nat.outbound(P, X, 0)
  nat.outbound(P, Y, 1)
  for (let i = 0; i < MAX_WAYS - 1; i++) nat.outbound(Q, X + i, 2)
  t.is(nat.inbound(external, X, 3), -1, 'the oldest made room')
  t.is(nat.inbound(external, Y, 3), P)
})

test('nat: an external port that is taken is drawn again', (t) => {
  const draws = [5, 5, 6]
  const nat = new Nat({ kind: 'randomized' }, () => draws.shift()!)
  const [forX, forY] = [nat.outbound(P, X, 0), nat.outbound(P, Y, 0)]
  t.is(forY - forX, 1)
  t.is(draws.length, 0)
})
