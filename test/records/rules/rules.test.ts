import test from 'brittle'
import fc from 'fast-check'
import { decideAcceptance, type Expected } from '../../../lib/records/rules/acceptance.js'
import { ExpectedHolders } from '../../../lib/records/rules/expected-holders.js'
import { checkLifetime, heldUntil, isAlive, tombstoneTtl } from '../../../lib/records/rules/lifetime.js'
import { checkRoom, checkSizes, DEFAULT_LIMITS } from '../../../lib/records/rules/limits.js'
import { decideHandover, RANK_DELAY_MS, rankOf } from '../../../lib/records/rules/placement.js'
import { casQuorum, getQuorum, judgeVote, putQuorum } from '../../../lib/records/rules/quorum.js'
import { refusalOf, REFUSALS } from '../../../lib/records/rules/refusal.js'
import { nextRepublishAt } from '../../../lib/records/rules/republish.js'
import { compareVersions } from '../../../lib/records/rules/version.js'
import { holds } from '../../helpers/properties.js'

const version = (seq: number, round = 0, signedAtMs = 0, value = 1, tombstone = false) => ({
  seq,
  round,
  signedAtMs,
  tombstone,
  valueHash: Uint8Array.of(value),
})
const expect = (seq: number | null): Expected => ({ seq })

test('acceptance: the newest version, whatever is stored', (t) => {
  const cases: [string, ...Parameters<typeof decideAcceptance>, ReturnType<typeof decideAcceptance>][] = [
    ['the first', version(1), null, false, null, 'store'],
    ['a newer seq', version(2), version(1), true, null, 'store'],
    ['an older seq', version(1), version(2), true, null, 'SEQ_TOO_LOW'],
    ['the same again', version(1), version(1), true, null, 'known'],
    ['another value of the seq', version(1, 0, 5, 2), version(1), true, null, 'SEQ_REUSED'],
    ['signed again later', version(1, 0, 5), version(1), true, null, 'store'],
    ['signed earlier', version(1), version(1, 0, 5), true, null, 'known'],
    ['the next round of another value', version(1, 1, 0, 2), version(1), true, null, 'store'],
    ['an earlier round', version(1, 0, 9, 2), version(1, 1), true, null, 'SEQ_REUSED'],
    ['an older seq than a tombstone', version(1), version(2, 0, 0, 0, true), false, null, 'SEQ_TOO_LOW'],
    ['swap of what is expected', version(2), version(1), true, expect(1), 'store'],
    ['swap of another', version(3), version(2), true, expect(1), 'CAS_FAILED'],
    ['swap of nothing', version(1), null, false, expect(null), 'store'],
    ['swap of nothing, and there is something', version(2), version(1), true, expect(null), 'CAS_FAILED'],
    ['swap of nothing, and it has ended', version(2), version(1), false, expect(null), 'store'],
    ['swap of something, and there is nothing', version(2), null, false, expect(1), 'CAS_FAILED'],
    ['swap that lost the race', version(2, 0, 0, 2), version(2), true, expect(1), 'SEQ_REUSED'],
  ]
  for (const [name, incoming, stored, isAliveStored, expected, verdict] of cases) {
    t.is(decideAcceptance(incoming, stored, isAliveStored, expected), verdict, name)
  }
})

test('acceptance: in whatever order versions come, the newest is kept', (t) => {
  const any = fc.record({ seq: fc.nat(4), round: fc.nat(2), signedAtMs: fc.nat(3) })
  holds(
    t,
    fc.property(fc.array(any, { minLength: 1, maxLength: 12 }), (versions) => {
      let stored: ReturnType<typeof version> | null = null
      for (const { seq, round, signedAtMs } of versions) {
        // One value for a seq and round, as owners that do not contradict themselves sign them.
        const incoming = version(seq, round, signedAtMs, seq * 4 + round)
        if (decideAcceptance(incoming, stored, true, null) === 'store') stored = incoming
      }
      const newest = versions.reduce((a, b) => (compareVersions(a, b) >= 0 ? a : b))
      return compareVersions(stored!, newest) === 0
    }),
  )
})

test('lifetime: exact to the millisecond', (t) => {
  const limits = { maxTtlMs: 1000, maxClockSkewMs: 10 }
  const span = { signedAtMs: 5000, ttlMs: 100 }
  t.is(checkLifetime(span, limits, 5099), null)
  t.is(checkLifetime(span, limits, 5100), 'EXPIRED')
  t.is(checkLifetime(span, limits, 4990), null)
  t.is(checkLifetime(span, limits, 4989), 'CLOCK_SKEW')
  t.is(checkLifetime({ signedAtMs: 5000, ttlMs: 1001 }, limits, 5000), 'TTL_TOO_LONG')
  t.ok(isAlive(100, 99))
  t.absent(isAlive(100, 100))
})

test('lifetime: what was replaced stays dead', (t) => {
  t.is(heldUntil(100, null, 10), 100)
  t.is(heldUntil(100, { expiresAtMs: 50, heldUntilMs: 50 }, 10), 100)
  t.is(heldUntil(100, { expiresAtMs: 200, heldUntilMs: 200 }, 10), 210, 'as long as a replica of it may live')
  t.is(heldUntil(100, { expiresAtMs: 60, heldUntilMs: 210 }, 10), 210, 'and what that one replaced')
  const limits = { maxTtlMs: 1000, maxClockSkewMs: 10 }
  t.is(tombstoneTtl(null, limits, 0), 1000, 'nothing is known of it: the longest life')
  t.is(tombstoneTtl(300, limits, 100), 220)
  t.is(tombstoneTtl(50, limits, 100), 20)
})

test('limits: each in its own unit, with the limit and the size', (t) => {
  const limits = { ...DEFAULT_LIMITS, maxValueBytes: 10, maxSaltBytes: 2, maxValuesPerKey: 2, maxRecordsPerOwner: 3 }
  t.is(checkSizes(10, 2, limits), null)
  t.alike(checkSizes(11, 0, limits), { reason: 'VALUE_TOO_LARGE', limit: 10, size: 11 })
  t.alike(checkSizes(1, 3, limits), { reason: 'SALT_TOO_LARGE', limit: 2, size: 3 })
  const none = { entries: 0, bytes: 0 }
  const room = (occupied: object) => checkRoom(100, { channel: none, owner: none, values: 0, ...occupied }, limits)
  t.is(room({}), null)
  t.alike(room({ values: 2 }), { reason: 'TOO_MANY_VALUES', limit: 2, size: 3 })
  t.alike(room({ owner: { entries: 3, bytes: 0 } }), { reason: 'OWNER_RECORDS', limit: 3, size: 4 })
  t.is(room({ owner: null }), null)
  const { maxBytesPerOwner, maxBytes, maxRecords } = DEFAULT_LIMITS
  t.is(room({ owner: { entries: 0, bytes: maxBytesPerOwner - 99 } })?.reason, 'OWNER_BYTES')
  t.is(room({ channel: { entries: maxRecords, bytes: 0 } })?.reason, 'NODE_RECORDS')
  t.is(room({ channel: { entries: 0, bytes: maxBytes - 99 } })?.reason, 'NODE_BYTES')
})

test('quorum: a read meets every write that counted', (t) => {
  t.is(putQuorum(20), 10)
  t.is(getQuorum(20), 11)
  t.is(casQuorum(20), 14)
  t.is(putQuorum(1), 1)
  t.is(casQuorum(2), 2)
  for (let found = 1; found <= 20; found++) {
    for (let quorum = 1; quorum <= 20; quorum++) {
      if (putQuorum(found, quorum) + getQuorum(found, quorum) <= found) t.fail(`${found} nodes, quorum ${quorum}`)
      if (2 * casQuorum(found, quorum) <= found) t.fail(`two winners of ${found}`)
    }
  }
})

test('quorum: of two writers with split votes at most one goes on', (t) => {
  const total = 20
  const needed = casQuorum(total)
  const both: string[] = []
  const neither: string[] = []
  for (let a = 0; a <= total; a++) {
    for (let silent = 0; a + silent <= total; silent++) {
      const b = total - a - silent
      const first = judgeVote({ needed, ours: a, theirs: b, unknown: silent, isFirst: true })
      const second = judgeVote({ needed, ours: b, theirs: a, unknown: silent, isFirst: false })
      if (first !== 'lost' && second !== 'lost') both.push(`${a} : ${b}, ${silent} silent`)
      if (silent === 0 && first === 'lost' && second === 'lost') neither.push(`${a} : ${b}`)
    }
  }
  t.alike([both, neither], [[], []])
})

test('placement: the nearest holder hands over at once, the others in turn', (t) => {
  const id = (n: number): Uint8Array => new Uint8Array(32).fill(n, 0, 1)
  const target = id(0)
  t.is(rankOf(target, id(3), [id(1), id(2), id(4)]), 2)
  const others = Array.from({ length: 18 }, (_, i) => id(i + 2))
  t.alike(decideHandover(target, id(1), id(50), others), { hand: true, delayMs: 0 })
  t.alike(decideHandover(target, id(20), id(0), others), { hand: true, delayMs: 18 * RANK_DELAY_MS })
  const more = Array.from({ length: 19 }, (_, i) => id(i + 2))
  t.alike(decideHandover(target, id(1), id(50), more), { hand: false }, 'twenty are closer than the newcomer')
  t.alike(decideHandover(target, id(60), id(0), [...more, id(30)]), { hand: false }, 'we are no holder')
})

test('expected holders: fewer than lately are too few, until they stay few', (t) => {
  const expected = new ExpectedHolders()
  t.is(expected.count, 0)
  for (const found of [20, 19, 3]) expected.note(found)
  t.is(expected.count, 20)
  for (let i = 0; i < 16; i++) expected.note(8)
  t.is(expected.count, 8)
})

test('republish: at a third of the life, sooner after failures', (t) => {
  t.is(nextRepublishAt(1000, 90_000, 0), 31_000)
  t.is(nextRepublishAt(1000, 90_000, 1), 6000)
  t.is(nextRepublishAt(1000, 90_000, 2), 11_000)
  t.is(nextRepublishAt(1000, 90_000, 9), 31_000)
  t.is(nextRepublishAt(1000, 10, 0), 2000, 'no more often than once a second')
})

test('refusals: each has a number of its own', (t) => {
  for (const [reason, number] of Object.entries(REFUSALS)) t.is(refusalOf(number), reason)
  t.is(refusalOf(1), null)
})
