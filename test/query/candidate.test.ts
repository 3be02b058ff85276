import test from 'brittle'
import { Candidate, isNearer, MAX_REFERRERS } from '../../lib/query/candidate.js'
import { idFromIp, idPrefix } from '../../lib/primitives/id.js'

const ZERO = new Uint8Array(32)

function named(ip: number, target = ZERO): Candidate {
  return new Candidate(idFromIp(ip, 1000), idPrefix(target), ip, 1000, 0)
}

test('candidate: knows its address as text, number and key', (t) => {
  const candidate = named(0xc0a80102)
  t.is(candidate.host, '192.168.1.2')
  t.is(candidate.key, 0xc0a80102 * 65536 + 1000)
  t.is(candidate.state, 'known')
})

test('candidate: prefix distance is unsigned', (t) => {
  const id = Uint8Array.from({ length: 32 }, () => 0xff)
  t.is(new Candidate(id, 0, 1, 1, 0).prefixDistance, 0xffffffff)
  t.is(new Candidate(id, 0xffffffff, 1, 1, 0).prefixDistance, 0)
})

test('candidate: equal prefixes are told apart by the rest of the id', (t) => {
  const near = new Candidate(new Uint8Array(32).fill(1, 31), 0, 1, 1, 0)
  const far = new Candidate(new Uint8Array(32).fill(2, 31), 0, 2, 1, 0)
  t.is(near.prefixDistance, far.prefixDistance)
  t.ok(isNearer(ZERO, near, far))
  t.absent(isNearer(ZERO, far, near))
  t.absent(isNearer(ZERO, near, near))
})

test('candidate: referrers are bounded, and a replier that repeats itself counts once', (t) => {
  const candidate = named(1)
  const first = named(100)
  candidate.addReferrer(first)
  candidate.addReferrer(first)
  t.is(candidate.referrers.length, 1)
  for (let i = 0; i < 50; i++) candidate.addReferrer(named(200 + i))
  t.is(candidate.referrers.length, MAX_REFERRERS)
  t.is(candidate.referrers[0], first)
})
