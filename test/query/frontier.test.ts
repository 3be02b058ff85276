import test from 'brittle'
import fc from 'fast-check'
import { Candidate, isNearer } from '../../lib/query/candidate.js'
import { Frontier } from '../../lib/query/frontier.js'
import { compareDistance, idFromIp, idPrefix } from '../../lib/primitives/id.js'
import { holds } from '../helpers/properties.js'

const TARGET = idFromIp(1, 1)

function named(ip: number): Candidate {
  return new Candidate(idFromIp(ip, 1000), idPrefix(TARGET), ip, 1000, 0)
}

test('frontier: sorted by XOR distance, like a sort of everything', (t) => {
  holds(
    t,
    fc.property(fc.uniqueArray(fc.nat(0xffff), { maxLength: 200 }), (ips) => {
      const frontier = new Frontier(TARGET, 256)
      for (const ip of ips) frontier.insert(named(ip))
      const expected = ips.map(named).sort((a, b) => compareDistance(TARGET, a.id, b.id))
      return frontier.sorted.map((c) => c.ip).join() === expected.map((c) => c.ip).join()
    }),
  )
})

test('frontier: when full, it keeps the nearest and forgets the farthest', (t) => {
  holds(
    t,
    fc.property(fc.uniqueArray(fc.nat(0xffff), { minLength: 20, maxLength: 100 }), (ips) => {
      const frontier = new Frontier(TARGET, 16)
      for (const ip of ips) frontier.insert(named(ip))
      const nearest = ips
        .map(named)
        .sort((a, b) => compareDistance(TARGET, a.id, b.id))
        .slice(0, 16)
      const known = ips.filter((ip) => frontier.get(ip, 1000) !== undefined)
      return frontier.sorted.map((c) => c.ip).join() === nearest.map((c) => c.ip).join() && known.length === 16
    }),
  )
})

test('frontier: what was asked is never dropped', (t) => {
  const frontier = new Frontier(TARGET, 4)
  const all = Array.from({ length: 40 }, (_, i) => named(i)).sort((a, b) => (isNearer(TARGET, a, b) ? 1 : -1))
  for (const candidate of all.slice(0, 4)) {
    frontier.insert(candidate)
    candidate.state = 'asked'
  }
  for (const candidate of all.slice(4)) t.absent(frontier.insert(candidate), 'no room')
  t.is(frontier.sorted.length, 4)
})

test('frontier: a forgotten candidate may come back, a refused one is remembered', (t) => {
  const frontier = new Frontier(TARGET, 1)
  const [near, far] = [named(1), named(2)].sort((a, b) => (isNearer(TARGET, a, b) ? -1 : 1)) as [Candidate, Candidate]
  t.ok(frontier.insert(far))
  t.ok(frontier.insert(near))
  t.is(frontier.get(far.ip, far.port), undefined)
  t.absent(frontier.insert(far))
  frontier.refuse(far.ip, far.port)
  t.is(frontier.get(far.ip, far.port), null)
})

test('frontier: memory of refusals is bounded', (t) => {
  const frontier = new Frontier(TARGET, 1)
  for (let key = 0; key < 1000; key++) frontier.refuse(1, key)
  let remembered = 0
  for (let key = 0; key < 1000; key++) if (frontier.get(1, key) === null) remembered++
  t.is(remembered, 256)
})

test('frontier: a second address with the same id is turned away', (t) => {
  const frontier = new Frontier(TARGET, 8)
  const id = idFromIp(7, 7)
  t.ok(frontier.insert(new Candidate(id, idPrefix(TARGET), 7, 7, 0)))
  t.absent(frontier.insert(new Candidate(id, idPrefix(TARGET), 8, 8, 0)))
  t.is(frontier.sorted.length, 1)
})
