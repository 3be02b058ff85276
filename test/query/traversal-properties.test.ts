import test from 'brittle'
import fc from 'fast-check'
import { formatIPv4 } from '../../lib/primitives/address.js'
import { commonPrefixLength, compareDistance, idFromIp } from '../../lib/primitives/id.js'
import { isNearer, MAX_REFERRERS } from '../../lib/query/candidate.js'
import type { Candidate } from '../../lib/query/candidate.js'
import type { SideQuestion } from '../../lib/query/omissions.js'
import { CloserNodeList } from './closer-node-list.js'
import { Traversal } from '../../lib/query/traversal.js'
import { holds } from '../helpers/properties.js'

/** A step: what happens (see `apply`), to which request in flight, and which names a reply carries. */
type Step = [what: number, to: number, closer: number[]]

interface Run {
  traversal: Traversal
  k: number
  maxVisits: number
  maxCandidates: number
  inFlight: Candidate[]
  asked: Set<number>
  /** On the way beside the walk. */
  questions: SideQuestion[]
  /** Whom these went to, ever. */
  besides: Set<number>
  /** Somebody was silent or useless at some time. */
  hadSilent: boolean
}

interface Settings {
  k: number
  concurrency: number
  maxVisits: number
  maxCandidates: number
}

const BASE_IP = 0x14000000

function fail(message: string): never {
  throw new Error(message)
}

/** While nothing has come of any request, the quickest go before the nearest. */
function isStart({ successes, errors, visited }: Traversal): boolean {
  return visited > 1 && successes + errors === 0
}

/** One replier alone vouches for it, and owes answers for others that it has named. */
function isOnCredit({ hop, referrers }: Candidate): boolean {
  return hop > 0 && referrers.length === 1 && referrers[0]!.unanswered > 0
}

function assertAskRules({ traversal, k, asked }: Run, candidate: Candidate): void {
  if (asked.has(candidate.key)) fail('asked twice')
  let running = 0
  let silent = 0
  for (const other of traversal.candidates) {
    if (other === candidate) break
    if (!isNearer(traversal.target, other, candidate)) fail('not sorted')
    if (other.state === 'known' && !(other.rttMs > candidate.rttMs && isStart(traversal)) && !isOnCredit(other)) {
      fail('a nearer candidate is known and was passed over')
    }
    if (other.state === 'asked' || other.state === 'answered') running++
    else if (other.state !== 'excluded') silent++
  }
  if (running >= Math.min(2 * k, k + silent)) fail('asked beyond the ranks that are open')
}

function assertState({ traversal, k, maxVisits, maxCandidates, asked, questions, besides }: Run): void {
  const { candidates } = traversal
  const count = (state: string): number => candidates.filter((c) => c.state === state).length
  if (candidates.length > maxCandidates) fail('too many candidates')
  if (traversal.visited > maxVisits || traversal.visited !== asked.size + besides.size) fail('visits miscounted')
  if (traversal.slow !== count('slow')) fail('slow miscounted')
  if (traversal.inFlight !== count('slow') + count('asked')) fail('in flight miscounted')
  for (const { referrers } of candidates) {
    if (referrers.length > MAX_REFERRERS || new Set(referrers).size !== referrers.length) fail('referrers')
  }
  const waiting = traversal.inFlight + questions.length
  if (!traversal.finished && waiting === 0) fail('stuck: not finished, nobody asked, nobody to ask')
  if (!traversal.finished) return
  if (questions.length > 0) fail('finished before its questions beside the walk were over')
  const enough = count('answered') >= k
  const relevant = candidates.filter((c) => {
    if (c.state === 'failed' || c.state === 'excluded' || c.presumedDead) return false
    return !(enough && c.state === 'known' && isOnCredit(c) && c.referrers[0]!.silent >= 2)
  })
  const open = relevant.slice(0, k).filter((c) => c.state !== 'answered')
  const capped = traversal.visited >= maxVisits
  if (open.some((c) => !capped || c.state !== 'known')) fail('finished before the k nearest answered')
}

function drain(run: Run): void {
  for (let c = run.traversal.next(); c !== null; c = run.traversal.next()) {
    // At the time of the ask it was known: look at it as it was.
    assertAskRules(run, c)
    run.asked.add(c.key)
    run.inFlight.push(c)
  }
  for (let q = run.traversal.nextSide(); q !== null; q = run.traversal.nextSide()) {
    assertSideRules(run, q)
    run.besides.add(q.candidate.key)
    run.questions.push(q)
  }
}

function isUseless({ state }: Candidate): boolean {
  return state === 'failed' || state === 'excluded'
}

function assertSideRules(run: Run, { candidate, target }: SideQuestion): void {
  const { traversal, k, besides } = run
  const hadSilent = (run.hadSilent ||= traversal.slow > 0 || traversal.candidates.some(isUseless))
  if (besides.has(candidate.key) || besides.size >= (hadSilent ? 5 : 2)) fail('asked too often beside the walk')
  if (candidate.state !== 'answered') fail('only who has answered is asked beside the walk')
  const isBefore = compareDistance(traversal.target, candidate.id, target) < 0
  const row = commonPrefixLength(target, traversal.target)
  const isInRow = commonPrefixLength(candidate.id, traversal.target) === row
  if (!isBefore && !(hadSilent && isInRow)) fail('it is farther away than what it is asked for')
  const out = ['slow', 'failed', 'excluded']
  const running = traversal.candidates.filter(({ state }) => !out.includes(state))
  if (running.slice(0, k).some(({ state }) => state === 'known')) fail('the k nearest come first')
}

function apply(run: Run, [what, to, closer]: Step): void {
  const { traversal, inFlight } = run
  const rttMs = to % 3 === 0 ? to % 500 : undefined
  if (what === 6) traversal.addSeed(formatIPv4(BASE_IP + (to % 3000)), 1 + (to % 2), null, rttMs)
  if (what === 7 && run.questions.length > 0) return settleSide(run, to, closer)
  if (inFlight.length === 0) return
  const index = to % inFlight.length
  const candidate = inFlight[index]!
  if (what === 0) return traversal.onSlow(candidate)
  if (what === 1) {
    run.hadSilent = true
    return traversal.onPresumedDead(candidate)
  }
  if (what > 5) return
  inFlight.splice(index, 1)
  if (what === 2) return void traversal.onFailed(candidate)
  // Hostile replies: itself, duplicates, ports 0, far too many; some unidentified, some with errors.
  const nodes = closer.map((n) => (n % 17 === 0 ? candidate : { ip: BASE_IP + (n >> 1), port: n % 3 }))
  traversal.onReply(candidate, { identified: what !== 4, ok: what !== 5 }, new CloserNodeList(nodes))
}

function settleSide({ traversal, questions }: Run, to: number, closer: number[]): void {
  const [question] = questions.splice(to % questions.length, 1)
  const nodes = closer.map((n) => ({ ip: BASE_IP + (n >> 1), port: n % 3 }))
  traversal.onSide(question!, to % 2 === 0 ? null : new CloserNodeList(nodes))
}

const step = fc.tuple(
  fc.integer({ min: 0, max: 7 }),
  fc.nat(5000),
  fc.oneof(
    { weight: 9, arbitrary: fc.array(fc.nat(6000), { maxLength: 25 }) },
    { weight: 1, arbitrary: fc.array(fc.nat(6000), { minLength: 300, maxLength: 340 }) },
  ),
)

test('traversal: keeps its rules under any sequence of events and hostile replies', (t) => {
  const limits = fc.record({
    k: fc.integer({ min: 1, max: 20 }),
    concurrency: fc.integer({ min: 1, max: 12 }),
    maxVisits: fc.integer({ min: 1, max: 100 }),
    maxCandidates: fc.integer({ min: 8, max: 120 }),
  })
  const seeds = fc.array(fc.nat(3000), { maxLength: 25 })
  holds(t, fc.property(limits, seeds, fc.array(step, { maxLength: 80 }), playOut), { numRuns: 300 })
})

function playOut(settings: Settings, seeds: number[], steps: Step[]): void {
  const { k, concurrency, maxVisits, maxCandidates } = settings
  const traversal = new Traversal({ target: idFromIp(1, 1), k, concurrency, limits: { maxVisits, maxCandidates } })
  const run: Run = {
    traversal,
    k,
    maxVisits,
    maxCandidates,
    inFlight: [],
    asked: new Set(),
    questions: [],
    besides: new Set(),
    hadSilent: false,
  }
  for (const n of seeds) traversal.addSeed(formatIPv4(BASE_IP + n), 1)
  drain(run)
  assertState(run)
  for (const one of steps) {
    apply(run, one)
    drain(run)
    assertState(run)
  }
  // Silence from here on: the lookup must come to its end.
  for (let i = 0; !traversal.finished; i++) {
    if (i > 2 * maxVisits) fail('does not end')
    for (const candidate of run.inFlight.splice(0)) traversal.onFailed(candidate)
    for (const question of run.questions.splice(0)) traversal.onSide(question, null)
    drain(run)
    assertState(run)
  }
}

test('traversal: liars that name 340 inventions near the target are visited a bounded number of times', (t) => {
  const traversal = new Traversal({ target: idFromIp(1, 1) })
  traversal.addSeed('20.0.0.1', 1)
  let fresh = BASE_IP
  let most = 0
  const queue: Candidate[] = []
  while (!traversal.finished) {
    for (let c = traversal.next(); c !== null; c = traversal.next()) queue.push(c)
    most = Math.max(most, traversal.candidates.length)
    const nodes = Array.from({ length: 340 }, () => ({ ip: (fresh += 1), port: 5 }))
    traversal.onReply(queue.shift()!, { identified: false, ok: true }, new CloserNodeList(nodes))
  }
  t.is(traversal.visited, 240)
  t.ok(most <= 256)
})

test('traversal: the same events give the same asks', (t) => {
  const play = (): number[] => {
    const traversal = new Traversal({ target: idFromIp(9, 9) })
    for (let i = 0; i < 20; i++) traversal.addSeed(formatIPv4(BASE_IP + i), 1)
    const asked: number[] = []
    const queue: Candidate[] = []
    for (let round = 0; round < 60; round++) {
      for (let c = traversal.next(); c !== null; c = traversal.next()) {
        asked.push(c.key)
        queue.push(c)
      }
      const candidate = queue.shift()
      if (candidate === undefined) break
      const nodes = Array.from({ length: 20 }, (_, i) => ({ ip: BASE_IP + ((round * 7 + i * 13) % 500), port: 1 }))
      traversal.onReply(candidate, { identified: true, ok: true }, new CloserNodeList(nodes))
    }
    return asked
  }
  t.alike(play(), play())
})
