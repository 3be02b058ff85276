/** What one replier can make a lookup ask on its word alone: its credit, and that of all of them together. */
import test from 'brittle'
import fc from 'fast-check'
import { Candidate } from '../../lib/query/candidate.js'
import { Credit, isOnlySource } from '../../lib/query/credit.js'
import { idFromIp, idPrefix } from '../../lib/primitives/id.js'
import { PORT, TARGET } from './neighbourhood.js'
import { holds } from '../helpers/properties.js'

let lastIp = 0x0a000000

function candidate(hop: number, ...referrers: Candidate[]): Candidate {
  const ip = ++lastIp
  const made = new Candidate(idFromIp(ip, PORT), idPrefix(TARGET), ip, PORT, hop)
  for (const referrer of referrers) made.addReferrer(referrer)
  return made
}

/** So many names that one replier alone vouches for. */
function namesOf(replier: Candidate, count: number): Candidate[] {
  return Array.from({ length: count }, () => candidate(1, replier))
}

test('credit: seeds, and what two repliers name, may always be asked', (t) => {
  const credit = new Credit()
  const [liar, other] = [candidate(0), candidate(0)]
  for (const name of namesOf(liar, 8)) {
    credit.charge(name)
    credit.noteSilence(name)
  }
  t.is(credit.standing(candidate(1, liar)), 'doubtful')
  t.is(credit.standing(candidate(1, liar, other)), 'free')
  t.is(credit.standing(candidate(0, liar)), 'free', 'a seed that is named by somebody as well')
})

test('credit: of one replier four names are on the way at a time, and every answer makes room for two', (t) => {
  const credit = new Credit()
  const replier = candidate(0)
  const names = namesOf(replier, 20)
  for (const name of names.slice(0, 4)) {
    t.is(credit.standing(name), 'free')
    credit.charge(name)
  }
  t.is(credit.standing(names[4]!), 'held')
  t.ok(isOnlySource(names[4]!, 4), 'nobody else is being asked')
  t.absent(isOnlySource(names[4]!, 5))
  credit.discharge(names[0]!, false)
  for (const name of names.slice(4, 6)) {
    t.is(credit.standing(name), 'free')
    credit.charge(name)
  }
  t.is(credit.standing(names[6]!), 'held')
})

test('credit: two silent names and it is doubted; who answers late clears it', (t) => {
  const credit = new Credit()
  const replier = candidate(0)
  const [first, second, third] = namesOf(replier, 3) as [Candidate, Candidate, Candidate]
  credit.charge(first)
  credit.charge(second)
  credit.noteSilence(first)
  t.is(credit.standing(third), 'free')
  credit.noteSilence(second)
  t.is(credit.standing(third), 'doubtful')
  credit.discharge(second, true)
  t.is(credit.standing(third), 'free')
})

test('credit: among liars, everybody has one name on the way', (t) => {
  const credit = new Credit()
  for (let i = 0; i < 3; i++) {
    for (const name of namesOf(candidate(0), 2)) {
      credit.charge(name)
      credit.noteSilence(name)
    }
  }
  const [first, second] = namesOf(candidate(0), 2) as [Candidate, Candidate]
  t.is(credit.standing(first), 'free')
  credit.charge(first)
  t.is(credit.standing(second), 'held')
})

test('credit: whatever liars name, what they have on the way and silent alone stays bounded', (t) => {
  const event = fc.record({ liar: fc.nat(5), silent: fc.boolean() })
  holds(
    t,
    fc.property(fc.array(event, { maxLength: 300 }), (events) => {
      const credit = new Credit()
      const liars = Array.from({ length: 6 }, () => candidate(0))
      const asked = liars.map((): Candidate[] => [])
      const silent = liars.map(() => 0)
      for (const { liar, silent: isSilence } of events) {
        if (isSilence) {
          const name = asked[liar]!.pop()
          if (name === undefined) continue
          credit.noteSilence(name)
          silent[liar]!++
        } else {
          const name = candidate(1, liars[liar]!)
          if (credit.standing(name) !== 'free') continue
          credit.charge(name)
          asked[liar]!.push(name)
        }
        if (asked[liar]!.length > 4 || silent[liar]! > 5) return false
        if (liars[liar]!.unanswered !== asked[liar]!.length + silent[liar]!) return false
      }
      return true
    }),
    { seed: 1, numRuns: 300 },
  )
})

test('credit: the books balance: when all have answered nothing is owed, and each referrer has its answers', (t) => {
  const outcomes = fc.array(fc.record({ alone: fc.boolean(), late: fc.boolean() }), { maxLength: 60 })
  holds(
    t,
    fc.property(outcomes, (list) => {
      const credit = new Credit()
      const [one, two] = [candidate(0), candidate(0)]
      const all = list.map(({ alone, late }) => {
        const name = alone ? candidate(1, one) : candidate(1, one, two)
        credit.charge(name)
        if (late) credit.noteSilence(name)
        return { name, late }
      })
      for (const { name, late } of all) credit.discharge(name, late)
      const shared = list.filter(({ alone }) => !alone).length
      const books = [one.unanswered, one.silent, two.unanswered, two.silent, one.vouched, two.vouched]
      return books.every((value, i) => value === [0, 0, 0, 0, list.length, shared][i])
    }),
    { seed: 2, numRuns: 300 },
  )
})
