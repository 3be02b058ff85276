import test from 'brittle'
import type { Candidate } from '../../lib/query/candidate.js'
import { CONCURRENCY, CONCURRENCY_STEP, INITIAL_CONCURRENCY } from '../../lib/query/traversal-options.js'
import { create, drain, GOOD, names, placeOf, range, seed } from './neighbourhood.js'

test('traversal: asks the nearest first, however the seeds were ordered', (t) => {
  const traversal = create({ limits: { initialConcurrency: 10 } })
  seed(traversal, 7, 2, 9, 0, 5)
  t.alike(drain(traversal).map(placeOf), [0, 2, 5, 7, 9])
  t.is(traversal.visited, 5)
  t.is(traversal.inFlight, 5)
})

test('traversal: few at a time at first, more with each outcome, and never more than the concurrency', (t) => {
  const traversal = create({ k: 60 })
  seed(traversal, ...range(0, 100))
  const waiting = drain(traversal)
  t.is(waiting.length, INITIAL_CONCURRENCY)
  for (let outcomes = 1; outcomes <= 30; outcomes++) {
    const candidate = waiting.shift()!
    if (outcomes % 3 === 0) traversal.onFailed(candidate)
    else traversal.onReply(candidate, { identified: true, ok: outcomes % 3 === 1 }, null)
    waiting.push(...drain(traversal))
    const places = Math.min(CONCURRENCY, INITIAL_CONCURRENCY + outcomes * CONCURRENCY_STEP)
    t.is(traversal.inFlight, places, `${outcomes} outcomes`)
  }
  t.is(CONCURRENCY, 20)
})

test('traversal: the k nearest are asked at once where the nearest known are likely the nearest there are', (t) => {
  const traversal = create()
  traversal.askNearestAtOnce()
  seed(traversal, ...range(0, 40))
  const asked = drain(traversal)
  t.alike(
    asked.map(placeOf).toSorted((a, b) => a - b),
    range(0, 20),
  )
  for (const candidate of asked) traversal.onReply(candidate, GOOD, names(...range(0, 20)))
  t.ok(traversal.finished)
  t.alike([traversal.visited, drain(traversal).length], [20, 0])
})

test('traversal: asked at once or not, no more run than its concurrency allows', (t) => {
  const traversal = create({ concurrency: 3 })
  traversal.askNearestAtOnce()
  seed(traversal, ...range(0, 40))
  t.is(drain(traversal).length, 3)
})

test('traversal: silence is no outcome: it frees a place, and makes no more of them', (t) => {
  const traversal = create({ k: 60 })
  seed(traversal, ...range(0, 100))
  const [first] = drain(traversal)
  traversal.onSlow(first!)
  t.is(drain(traversal).length, 1)
  traversal.onPresumedDead(first!)
  t.is(drain(traversal).length, 0)
})

test('traversal: slow ones are at most three times the concurrency, those presumed dead do not count', (t) => {
  const traversal = create({ concurrency: 2, k: 60 })
  seed(traversal, ...range(0, 100))
  const asked: Candidate[] = []
  for (let round = 0; round < 20; round++) {
    const now = drain(traversal)
    asked.push(...now)
    for (const candidate of now) traversal.onSlow(candidate)
  }
  t.is(asked.length, 6)
  t.alike([traversal.inFlight, traversal.slow], [6, 6])
  for (const candidate of asked.slice(0, 2)) traversal.onPresumedDead(candidate)
  const more = drain(traversal)
  t.is(more.length, 2, 'one more for each of them')
  for (const candidate of more) traversal.onSlow(candidate)
  t.alike([traversal.inFlight, drain(traversal).length], [8, 0])
  traversal.onReply(asked[0]!, GOOD, null)
  traversal.onFailed(asked[1]!)
  t.is(traversal.inFlight, 6)
  t.is(drain(traversal).length, 0, 'their places are not given away a second time')
  traversal.onFailed(asked[2]!)
  t.is(drain(traversal).length, 1)
})

test('traversal: a concurrency below the first few holds from the start', (t) => {
  const traversal = create({ concurrency: 1 })
  seed(traversal, 0, 1, 2)
  t.is(drain(traversal).length, 1)
})

test('traversal: concurrency can be changed on the way, and is at least one', (t) => {
  const traversal = create({ concurrency: 2 })
  seed(traversal, ...range(0, 10))
  const [first] = drain(traversal)
  traversal.onReply(first!, GOOD, null)
  traversal.concurrency = 5
  drain(traversal)
  t.is(traversal.inFlight, 5)
  traversal.concurrency = 0
  t.is(traversal.concurrency, 1)
})

test('traversal: a slow request gives up its place', (t) => {
  const traversal = create()
  seed(traversal, ...range(0, 10))
  const first = drain(traversal)
  traversal.onSlow(first[1]!)
  t.is(traversal.slow, 1)
  t.alike(drain(traversal).map(placeOf), [first.length])
  t.is(traversal.inFlight, first.length + 1)
})

test('traversal: nobody beyond the k nearest in the running is asked', (t) => {
  const traversal = create({ k: 2, limits: { initialConcurrency: 10 } })
  seed(traversal, ...range(0, 6))
  t.alike(drain(traversal).map(placeOf), [0, 1])
})

test('traversal: each silent one opens its own rank and a spare one, up to 2k', (t) => {
  for (const { spareRanks, expected } of [
    { spareRanks: 0, expected: [[2], [3]] },
    {
      spareRanks: 1,
      expected: [
        [2, 3],
        [4, 5],
      ],
    },
    { spareRanks: 5, expected: [[2, 3, 4], [5]] },
  ]) {
    const traversal = create({ k: 2, limits: { initialConcurrency: 10, spareRanks } })
    seed(traversal, ...range(0, 20))
    const [first, second] = drain(traversal) as [Candidate, Candidate]
    traversal.onSlow(first)
    t.alike(drain(traversal).map(placeOf), expected[0], `spare ranks: ${spareRanks}, one slow`)
    traversal.onSlow(second)
    t.alike(drain(traversal).map(placeOf), expected[1], `spare ranks: ${spareRanks}, two slow`)
  }
})

test('traversal: spare ranks are not asked once the result stands', (t) => {
  const traversal = create({ k: 1, limits: { initialConcurrency: 1 } })
  seed(traversal, 0, 1, 2, 3)
  const first = traversal.next()!
  traversal.onPresumedDead(first)
  const second = traversal.next()!
  t.is(placeOf(second), 1)
  traversal.onReply(second, GOOD, null)
  t.ok(traversal.finished)
  t.is(traversal.next(), null)
})

test('traversal: a nearer name overtakes what was known', (t) => {
  const traversal = create({ k: 3, limits: { initialConcurrency: 1 } })
  seed(traversal, 50, 60, 70)
  traversal.onReply(traversal.next()!, GOOD, names(0, 1, 2))
  t.alike(drain(traversal).map(placeOf), [0, 1, 2])
})

for (const { title, outcome, successes, errors, state } of [
  { title: 'without valid id', outcome: { identified: false, ok: true }, successes: 1, errors: 0, state: 'excluded' },
  { title: 'with an error', outcome: { identified: true, ok: false }, successes: 0, errors: 1, state: 'excluded' },
  { title: 'with id and no error', outcome: GOOD, successes: 1, errors: 0, state: 'answered' },
]) {
  test(`traversal: a reply ${title} makes it ${state}, and its names count`, (t) => {
    const traversal = create()
    seed(traversal, 10)
    const candidate = traversal.next()!
    traversal.onReply(candidate, outcome, names(3))
    t.is(candidate.state, state)
    t.is(traversal.successes, successes)
    t.is(traversal.errors, errors)
    t.is(traversal.inFlight, 0)
    t.alike(drain(traversal).map(placeOf), [3])
  })
}

test('traversal: an excluded one leaves its rank to the next', (t) => {
  const traversal = create({ k: 1 })
  seed(traversal, 0, 1)
  traversal.onReply(traversal.next()!, { identified: false, ok: true }, null)
  t.absent(traversal.finished)
  t.is(placeOf(traversal.next()!), 1)
})

/** A letter per candidate, nearest first: answered, in flight, slow, (presumed) dead, failed, x = excluded, known. */
const FINISH_CASES: [letters: string, k: number, finished: boolean][] = [
  ['', 2, true],
  ['k', 2, false],
  ['i', 2, false],
  ['a', 2, true],
  ['aa', 2, true],
  ['ai', 2, false],
  ['aai', 2, true],
  ['iaa', 2, false],
  ['saa', 2, false],
  ['daa', 2, true],
  ['aas', 2, true],
  ['as', 2, false],
  ['ad', 2, true],
  ['d', 2, true],
  ['faa', 2, true],
  ['fa', 2, true],
  ['xaa', 2, true],
  ['xa', 2, true],
  ['ffxd', 2, true],
]

for (const [letters, k, finished] of FINISH_CASES) {
  test(`traversal: "${letters}" with k = ${k} is ${finished ? 'finished' : 'not finished'}`, (t) => {
    const traversal = create({ k, limits: { initialConcurrency: 50, spareRanks: 50 } })
    // Everyone is asked in a lookup wide enough, farthest seed first, so that the states can be set freely.
    const asked = new Map<number, Candidate>()
    for (const place of range(0, letters.length).reverse()) {
      seed(traversal, place)
      if (letters[place] === 'k') continue
      const candidate = traversal.next()!
      asked.set(place, candidate)
    }
    for (const [place, candidate] of asked) {
      const letter = letters[place]
      if (letter === 'a') traversal.onReply(candidate, GOOD, null)
      else if (letter === 'x') traversal.onReply(candidate, { identified: false, ok: true }, null)
      else if (letter === 's') traversal.onSlow(candidate)
      else if (letter === 'd') traversal.onPresumedDead(candidate)
      else if (letter === 'f') traversal.onFailed(candidate)
    }
    t.is(traversal.finished, finished)
  })
}

test('traversal: an answer that comes late still counts', (t) => {
  const traversal = create({ k: 1 })
  seed(traversal, 0, 5)
  const late = traversal.next()!
  traversal.onPresumedDead(late)
  traversal.onReply(traversal.next()!, GOOD, null)
  t.ok(traversal.finished)
  traversal.onReply(late, GOOD, null)
  t.is(late.state, 'answered')
  t.is(traversal.slow, 0)
  t.is(traversal.inFlight, 0)
  t.ok(traversal.finished)
})

test('traversal: events about requests that are over or never were change nothing', (t) => {
  const traversal = create()
  seed(traversal, 0, 1)
  const known = traversal.candidates[1]!
  const asked = traversal.next()!
  traversal.onSlow(known)
  traversal.onFailed(known)
  traversal.onReply(known, GOOD, names(2))
  t.is(known.state, 'known')
  traversal.onReply(asked, GOOD, null)
  traversal.onReply(asked, GOOD, names(3))
  traversal.onSlow(asked)
  traversal.onPresumedDead(asked)
  t.alike(traversal.onFailed(asked), [])
  t.is(asked.state, 'answered')
  t.alike([traversal.inFlight, traversal.slow, traversal.successes, traversal.errors], [0, 0, 1, 0])
  t.is(traversal.candidates.length, 2)
})

test('traversal: repeated timeouts of one request count once', (t) => {
  const traversal = create()
  seed(traversal, 0)
  const candidate = traversal.next()!
  traversal.onSlow(candidate)
  traversal.onSlow(candidate)
  traversal.onPresumedDead(candidate)
  traversal.onPresumedDead(candidate)
  t.is(traversal.slow, 1)
  traversal.onFailed(candidate)
  t.alike([traversal.inFlight, traversal.slow, traversal.errors], [0, 0, 1])
})
