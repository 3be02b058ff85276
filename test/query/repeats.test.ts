/** Who is sent a third datagram: the only silent one, and those in whose place somebody else is awaited. */
import test from 'brittle'
import fc from 'fast-check'
import { formatIPv4 } from '../../lib/primitives/address.js'
import { Candidate, type CandidateState } from '../../lib/query/candidate.js'
import { Repeats } from '../../lib/query/repeats.js'
import { Traversal } from '../../lib/query/traversal.js'
import { node, TARGET } from './lookup-harness.js'
import { holds } from '../helpers/properties.js'

const STATES: Record<string, CandidateState> = {
  a: 'answered',
  s: 'slow',
  // Presumed dead.
  d: 'slow',
  q: 'asked',
  k: 'known',
  f: 'failed',
  x: 'excluded',
}

/** A walk whose candidates, nearest first, are in these states. */
function walkOf(letters: string, k = 6) {
  const candidates = letters.split('').map((letter, i) => {
    const candidate = new Candidate(TARGET, 0, node(i).ip, node(i).port, 0)
    candidate.state = STATES[letter]!
    candidate.presumedDead = letter === 'd'
    return candidate
  })
  const count = (some: string): number => letters.split('').filter((letter) => some.includes(letter)).length
  return {
    k,
    candidates,
    successes: count('a'),
    isOnlySilent: ({ state }: Candidate) => state === 'slow' && count('sdfx') === 1,
  }
}

/** Whether a new lookup grants one to the candidate in this place. */
function grants(letters: string, place: number, k?: number): boolean {
  const walk = walkOf(letters, k)
  return new Repeats().grant(walk, walk.candidates[place]!)
}

test('repeats: in the shadow of who was asked later, or will be asked', (t) => {
  t.ok(grants('aassaqa', 2))
  t.ok(grants('aassaak', 2))
  t.ok(grants('aasdaakq', 2), 'also beside others that are given up')
  t.ok(grants('aasfaqx', 2))
})

test('repeats: none where nobody else is waited for, or only such as may be given up in the same moment', (t) => {
  t.absent(grants('aassaaaa', 2))
  t.absent(grants('aassaaaa', 3))
  t.absent(grants('aadsaaaa', 3))
})

test('repeats: none for who cannot be a result, or is not silent, or is given up already', (t) => {
  t.absent(grants('aasaaasqaaa', 6, 5), 'five nearer ones have answered')
  t.ok(grants('aasaaasqaaa', 6, 6))
  t.absent(grants('aaqsaqa', 2), 'in time')
  t.absent(grants('aadsaqa', 2))
  t.absent(grants('aaassaq', 3, 3), 'whoever is awaited is none of the result either')
})

test('repeats: none while few have answered', (t) => {
  t.absent(grants('assqqqa', 1))
  t.ok(grants('assqqaa', 1))
  t.absent(grants('asa', 1, 5))
  t.ok(grants('asa', 1, 4))
})

test('repeats: in the shadow nobody is waited for, and each gets one', (t) => {
  const walk = walkOf('aassaqaa')
  const repeats = new Repeats()
  for (const one of walk.candidates.slice(2, 4)) {
    t.ok(repeats.grant(walk, one))
    t.absent(repeats.isAwaited(one))
    t.absent(repeats.grant(walk, one))
  }
})

test('repeats: the only silent one is waited for, once in a lookup', (t) => {
  const first = walkOf('aaasaaa')
  const repeats = new Repeats()
  t.ok(repeats.grant(first, first.candidates[3]!))
  t.ok(repeats.isAwaited(first.candidates[3]!))
  t.absent(repeats.grant(first, first.candidates[3]!))
  const later = walkOf('aaaasaa')
  t.absent(repeats.grant(later, later.candidates[4]!))
  const withOthers = walkOf('aaaasaqa')
  t.ok(repeats.grant(withOthers, withOthers.candidates[4]!), 'the second one in the shadow')
  t.absent(repeats.isAwaited(withOthers.candidates[4]!))
})

test('repeats: eight in the shadow of others are the most', (t) => {
  const walk = walkOf('ssssssssssaaaaaaaaaaq', 20)
  const repeats = new Repeats()
  t.is(walk.candidates.filter((one) => repeats.grant(walk, one)).length, 8)
})

const GOOD = { identified: true, ok: true }

test('repeats: whatever happens, nobody gets two, and without those waited for the lookup goes on', (t) => {
  const event = fc.tuple(fc.integer({ min: 0, max: 4 }), fc.nat(1000))
  holds(
    t,
    fc.property(fc.integer({ min: 1, max: 20 }), fc.array(event, { maxLength: 150 }), (k, events) => {
      const traversal = new Traversal({ target: TARGET, k })
      for (let serial = 1; serial <= 60; serial++) {
        traversal.addSeed(formatIPv4(node(serial).ip), node(serial).port)
      }
      const repeats = new Repeats()
      const inFlight: Candidate[] = []
      const granted = new Set<Candidate>()
      for (const [what, which] of events) {
        for (let one = traversal.next(); one !== null; one = traversal.next()) inFlight.push(one)
        const candidate = inFlight[which % inFlight.length]
        if (candidate === undefined) return true
        if (what === 0) traversal.onSlow(candidate)
        else if (what === 1) {
          if (!repeats.grant(traversal, candidate)) continue
          if (granted.has(candidate) || candidate.state !== 'slow' || candidate.presumedDead) return false
          granted.add(candidate)
          if (repeats.isAwaited(candidate)) continue
          traversal.onPresumedDead(candidate)
          if (traversal.finished) return false
        } else {
          inFlight.splice(which % inFlight.length, 1)
          if (what === 2) traversal.onFailed(candidate)
          else traversal.onReply(candidate, GOOD, null)
        }
      }
      return granted.size <= 9
    }),
    { numRuns: 300 },
  )
})
