import test from 'brittle'
import fc from 'fast-check'
import { CutSuspicion, MAX_LOST } from '../../lib/node/cut-suspicion.js'
import { seededRandom } from '../helpers/contacts.js'
import { holds } from '../helpers/properties.js'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const START = 5 * HOUR

/** Times without jitter: the middle of the range. */
const MIDDLE = { below: (limit: number): number => Math.floor(limit / 2) }

/** One that has lost contacts 1 to `lost` within as many seconds, of `of`. */
function after(lost: number, of: number, stepMs = SECOND, random = MIDDLE): CutSuspicion {
  const suspicion = new CutSuspicion(START, random)
  for (let key = 1; key <= lost; key++) suspicion.onLost(key, START + key * stepMs, of - key)
  return suspicion
}

/** When lost contacts are asked, looked at every second, in seconds since `from`. */
function askedAt(suspicion: CutSuspicion, from: number, durationMs: number): number[] {
  const times: number[] = []
  for (let now = from; now <= from + durationMs; now += SECOND) {
    if (suspicion.nextLost(now) !== null) times.push((now - from) / SECOND)
  }
  return times
}

test('cut suspicion: a quarter of the contacts within twenty minutes arouses it', (t) => {
  const cases: [lost: number, of: number, stepMs: number, suspects: boolean][] = [
    [0, 20, SECOND, false],
    [1, 2, SECOND, false],
    [2, 3, SECOND, true],
    [2, 8, SECOND, true],
    [2, 9, SECOND, false],
    [24, 100, SECOND, false],
    [25, 100, SECOND, true],
    [25, 100, 49 * SECOND, true],
    [25, 100, 51 * SECOND, false],
    [39, 400, SECOND, false],
    [40, 400, SECOND, true],
    // A fifth an hour, as under churn.
    [60, 300, MINUTE, false],
  ]
  for (const [lost, of, stepMs, suspects] of cases) {
    t.is(after(lost, of, stepMs).isSuspected, suspects, `${lost} of ${of}, one each ${stepMs} ms`)
  }
})

test('cut suspicion: contacts that are replaced as fast as they go arouse it as well', (t) => {
  const suspicion = new CutSuspicion(START, MIDDLE)
  for (let key = 1; key <= 40; key++) suspicion.onLost(key, START + key, 120)
  t.ok(suspicion.isSuspected)
})

test('cut suspicion: one contact that is lost again and again is one', (t) => {
  const suspicion = new CutSuspicion(START, MIDDLE)
  for (let i = 0; i < 30; i++) suspicion.onLost(7, START + i, 10)
  t.absent(suspicion.isSuspected)
  t.alike(suspicion.lost, [7])
})

test('cut suspicion: whom it remembers are those of the cut, 64 at most', (t) => {
  const suspicion = new CutSuspicion(START, MIDDLE)
  for (let key = 1; key <= 10; key++) suspicion.onLost(key, START, 1000)
  t.is(suspicion.lost.length, 10)
  const cutAt = START + HOUR
  for (let key = 101; key <= 300; key++) suspicion.onLost(key, cutAt, 400)
  t.is(suspicion.lost.length, MAX_LOST)
  t.is(suspicion.lost[0], 101, 'not those from an hour before')
  t.is(suspicion.lost.at(-1), 100 + MAX_LOST, 'and not those that came later')
})

test('cut suspicion: one is asked after half a minute, then half as often each time, down to every four', (t) => {
  const suspicion = after(10, 20)
  t.alike(askedAt(suspicion, START + 5 * SECOND, 16 * MINUTE), [30, 90, 210, 450, 690, 930])
  t.alike(askedAt(after(1, 20), START, HOUR), [], 'nobody without a suspicion')
})

test('cut suspicion: those that were cut at once do not ask at once', (t) => {
  const random = seededRandom(1)
  const firsts = Array.from(
    { length: 200 },
    () => askedAt(after(10, 20, SECOND, random), START + 5 * SECOND, MINUTE)[0]!,
  )
  t.ok(Math.min(...firsts) >= 22 && Math.max(...firsts) <= 39, `${Math.min(...firsts)} to ${Math.max(...firsts)} s`)
  for (let second = 23; second < 38; second++) {
    const share = firsts.filter((at) => at === second).length / firsts.length
    t.ok(share < 0.2, `${share} in second ${second}`)
  }
})

test('cut suspicion: anybody of the lost may be asked', (t) => {
  const suspicion = after(10, 20, SECOND, seededRandom(2))
  const asked = new Set<number>()
  for (let now = START; now < START + 8 * HOUR; now += MINUTE) {
    const key = suspicion.nextLost(now)
    if (key !== null) asked.add(key)
  }
  t.alike(
    [...asked].sort((a, b) => a - b),
    suspicion.lost,
  )
})

test('cut suspicion: it ends with an answer without news', (t) => {
  for (const [news, ends] of [
    [0, true],
    [0.2, true],
    [0.25, false],
    [1, false],
  ] as const) {
    const suspicion = after(10, 20)
    suspicion.onAnswered(1, START + HOUR, news)
    t.is(suspicion.isSuspected, !ends, `${news} of those found are new`)
    t.is(suspicion.lost.length, ends ? 0 : 9)
  }
})

test('cut suspicion: after an answer with news the next one is asked soon', (t) => {
  const suspicion = after(10, 20)
  t.ok(askedAt(suspicion, START, HOUR).length > 10)
  suspicion.onAnswered(1, START + HOUR, 1)
  t.alike(askedAt(suspicion, START + HOUR, 2 * MINUTE), [30, 90])
})

test('cut suspicion: eight answers end it, whatever they bring', (t) => {
  const suspicion = after(30, 40)
  for (let key = 1; key <= 7; key++) suspicion.onAnswered(key, START + HOUR, 1)
  t.ok(suspicion.isSuspected)
  suspicion.onAnswered(8, START + HOUR, 1)
  t.absent(suspicion.isSuspected)
})

test('cut suspicion: it ends when all of the lost are contacts again', (t) => {
  const suspicion = after(3, 5)
  t.ok(suspicion.isSuspected)
  suspicion.onFound(99)
  suspicion.onFound(1)
  suspicion.onFound(2)
  t.ok(suspicion.isSuspected)
  suspicion.onFound(3)
  t.absent(suspicion.isSuspected)
  t.is(suspicion.nextLost(START + HOUR), null)
})

test('cut suspicion: it ends after a day', (t) => {
  const suspicion = after(10, 20)
  t.not(suspicion.nextLost(START + 23 * HOUR), null)
  t.is(suspicion.nextLost(START + 25 * HOUR), null)
  t.absent(suspicion.isSuspected)
  t.alike(suspicion.lost, [])
})

test('cut suspicion: what was lost before it ended does not count for the next one', (t) => {
  const suspicion = after(10, 20)
  suspicion.onAnswered(1, START + MINUTE, 0)
  suspicion.onLost(50, START + MINUTE, 20)
  t.absent(suspicion.isSuspected)
  t.alike(suspicion.lost, [50])
})

test('cut suspicion: a look is due each hour, and late a quarter of an hour after that', (t) => {
  const suspicion = new CutSuspicion(START, MIDDLE)
  for (const nodes of [null, 10, 1e6]) {
    t.absent(suspicion.isLookDue(START + 59 * MINUTE, nodes))
    t.ok(suspicion.isLookDue(START + 60 * MINUTE, nodes))
  }
  t.absent(suspicion.isLookLate(START + 74 * MINUTE))
  t.ok(suspicion.isLookLate(START + 75 * MINUTE))
  suspicion.onLook(START + HOUR)
  t.absent(suspicion.isLookDue(START + 119 * MINUTE, 10))
  t.ok(suspicion.isLookDue(START + 120 * MINUTE, 10))
})

test('cut suspicion: looks of nodes that started together are half an hour apart', (t) => {
  const random = seededRandom(3)
  const firsts = Array.from({ length: 300 }, () => {
    const suspicion = new CutSuspicion(START, random)
    let minutes = 0
    while (!suspicion.isLookDue(START + minutes * MINUTE, null)) minutes++
    return minutes
  })
  t.ok(Math.min(...firsts) >= 45 && Math.max(...firsts) <= 75, `${Math.min(...firsts)} to ${Math.max(...firsts)} min`)
  t.ok(Math.max(...firsts) - Math.min(...firsts) > 25)
})

test('cut suspicion: with one, looks are as frequent as bootstrap nodes bear', (t) => {
  const cases: [nodes: number | null, dueMs: number][] = [
    [null, HOUR],
    [60, 600],
    [60_000, 10 * MINUTE],
    [360_000, HOUR],
    [1_000_000, HOUR],
  ]
  for (const [nodes, dueMs] of cases) {
    const suspicion = after(10, 20)
    t.absent(suspicion.isLookDue(START + dueMs - 1, nodes), `${nodes} nodes`)
    t.ok(suspicion.isLookDue(START + dueMs, nodes))
  }
})

test('cut suspicion: looks of all nodes are 400 a second at most, whatever the size', (t) => {
  holds(
    t,
    fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.boolean(), fc.nat(1000), (nodes, suspects, seed) => {
      const suspicion = after(suspects ? 10 : 0, 20, SECOND, seededRandom(seed))
      const most = (0.75 * 1000 * nodes) / 400
      return !suspicion.isLookDue(START + most - 1, nodes)
    }),
  )
})

const event = fc.oneof(
  fc.record({ kind: fc.constant('lost' as const), key: fc.integer({ min: 1, max: 150 }), left: fc.nat(150) }),
  fc.record({ kind: fc.constant('found' as const), key: fc.integer({ min: 1, max: 150 }) }),
  fc.record({
    kind: fc.constant('answered' as const),
    key: fc.integer({ min: 1, max: 150 }),
    news: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  fc.record({ kind: fc.constant('look' as const) }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(10 * MINUTE) }),
)

test('cut suspicion: whatever happens, it asks those lost and not found, at its pace, and ends', (t) => {
  holds(
    t,
    fc.property(fc.array(event, { maxLength: 300 }), fc.nat(1000), (events, seed) => {
      const suspicion = new CutSuspicion(START, seededRandom(seed))
      const gone = new Set<number>()
      let now = START
      let lastAskedAt = -Infinity
      let isSound = true
      const ask = (): void => {
        const key = suspicion.nextLost(now)
        if (key === null) return
        // 22.5 s is the shortest wait there is.
        isSound &&= gone.has(key) && suspicion.isSuspected && now - lastAskedAt >= 22_500
        lastAskedAt = now
      }
      for (const what of events) {
        if (what.kind === 'wait') now += what.ms
        else if (what.kind === 'look') suspicion.onLook(now)
        else if (what.kind === 'lost') {
          gone.add(what.key)
          suspicion.onLost(what.key, now, what.left)
        } else {
          gone.delete(what.key)
          if (what.kind === 'found') suspicion.onFound(what.key)
          else suspicion.onAnswered(what.key, now, what.news)
        }
        ask()
        const { lost } = suspicion
        isSound &&= lost.length <= MAX_LOST && new Set(lost).size === lost.length
        isSound &&= !suspicion.isSuspected || lost.length > 0
      }
      now += 25 * HOUR
      ask()
      return isSound && !suspicion.isSuspected
    }),
  )
})
