/** What a handler hears while its request stays unanswered, and when: requests of lookups are repeated sooner. */
import test from 'brittle'
import { Harness, HOST, LateClock, Outcome } from './client-harness.js'

const LOOKUP = { lookup: true, retries: 1 }

/** As a lookup's handler, with the times of what it hears. */
class TimedOutcome extends Outcome {
  readonly heard: [at: number, transmissions: number, last: boolean][] = []
  /** Called afterwards. */
  onHeard: ((last: boolean) => void) | null = null
  readonly #now: () => number

  constructor(now: () => number) {
    super()
    this.#now = now
  }

  override onOverdue(transmissions: number, last: boolean): void {
    super.onOverdue(transmissions, last)
    this.heard.push([this.#now(), transmissions, last])
    this.onHeard?.(last)
  }
}

function create(maxWindow = 80) {
  const h = new Harness({ maxWindow })
  const outcome = (): TimedOutcome => new TimedOutcome(() => h.virtual.now())
  return { h, outcome }
}

/** When datagrams went to a host. */
function timesOf(h: Harness, host = HOST): number[] {
  return h.sent.filter((sent) => sent.host === host).map(({ at }) => at)
}

test('client: a request that is not of a lookup is overdue once before each repetition, and then fails', async (t) => {
  const { h, outcome } = create()
  const one = h.send({}, {}, outcome())
  await h.virtual.advance(60_000)
  t.alike(one.heard, [
    [1000, 1, false],
    [2000, 2, false],
    [3000, 3, false],
  ])
  t.is(one.code, 'REQUEST_TIMEOUT')
})

test('client: one of a lookup is repeated sooner, and told when nothing more will be sent', async (t) => {
  const { h, outcome } = create()
  const one = h.send({}, LOOKUP, outcome())
  await h.virtual.advance(399)
  t.alike(one.heard, [])
  await h.virtual.advance(600)
  t.alike(one.heard, [
    [400, 1, false],
    [800, 2, true],
  ])
  t.alike(timesOf(h), [0, 400])
  t.is(one.settled, 0, 'its answer is still welcome')
  await h.virtual.advance(60_000)
  t.is(one.code, 'REQUEST_TIMEOUT')
  t.is(one.heard.length, 2)
})

for (const retries of [0, 1, 2, 5]) {
  test(`client: with ${retries} retries a lookup hears of ${retries + 1} silences, the last one being the last`, async (t) => {
    const { h, outcome } = create()
    const one = h.send({}, { lookup: true, retries }, outcome())
    await h.virtual.advance(60_000)
    t.alike(
      one.heard.map(([, transmissions, last]) => [transmissions, last]),
      Array.from({ length: retries + 1 }, (_, i) => [i + 1, i === retries]),
    )
    t.is(h.sent.length, retries + 1)
    t.is(one.code, 'REQUEST_TIMEOUT')
    t.is(one.settled, 1)
  })
}

test('client: how long a lookup waits follows the peer, and other requests to it do not', async (t) => {
  const { h, outcome } = create()
  h.estimate(HOST, { srttMs: 100, rttvarMs: 10 })
  const one = h.send({}, LOOKUP, outcome())
  const other = h.send({}, {}, outcome())
  await h.virtual.advance(240)
  t.alike(one.heard, [[140, 1, false]])
  t.alike(other.heard, [])
  t.is(h.sent.length, 3)
  await h.virtual.advance(20)
  t.alike(other.heard, [[250, 1, false]])
})

test('client: what is answered in time is not overdue, what is answered late was', async (t) => {
  const { h, outcome } = create()
  const one = h.send({}, LOOKUP, outcome())
  await h.virtual.advance(300)
  h.answer(h.last)
  await h.virtual.advance(5000)
  t.alike([one.heard, one.replies.length], [[], 1])
  h.estimate('20.0.0.2', { srttMs: 100, rttvarMs: 10 })
  const late = h.send({ host: '20.0.0.2' }, LOOKUP, outcome())
  await h.virtual.advance(200)
  h.answer(h.sent.at(-2)!)
  t.alike([late.heard.length, late.replies.length], [1, 1], 'an answer to the first transmission')
  await h.virtual.advance(5000)
  t.alike([late.heard.length, late.settled], [1, 1])
})

test('client: a cancelled request is not overdue', async (t) => {
  const { h, outcome } = create()
  const one = h.send({}, LOOKUP, outcome())
  h.client.cancel(one.exchange, new Error('enough'))
  await h.virtual.advance(5000)
  t.alike(one.heard, [])
})

test('client: the timer is set for the next timeout of all, and for no other', (t) => {
  const h = new Harness()
  const delays: number[] = []
  const { after } = h.virtual
  h.virtual.after = (delayMs, fn) => {
    delays.push(delayMs)
    return after.call(h.virtual, delayMs, fn)
  }
  h.send()
  t.alike(delays, [1000])
  h.send({ host: '20.0.0.2' }, LOOKUP)
  t.alike(delays, [1000, 400])
  h.send({ host: '20.0.0.3' }, LOOKUP)
  t.alike(delays, [1000, 400])
})

test('client: a chosen timeout is kept by a lookup too', async (t) => {
  const { h, outcome } = create()
  const one = h.send({}, { ...LOOKUP, timeoutMs: 100 }, outcome())
  await h.virtual.advance(5000)
  t.alike(one.heard, [
    [100, 1, false],
    [200, 2, true],
  ])
})

test('client: what is due together is overdue together, and one that settles another is safe', async (t) => {
  const { h, outcome } = create()
  const cancelled = h.send({ host: '20.0.0.2' }, LOOKUP, outcome())
  const first = h.send({}, LOOKUP, outcome())
  const doomed = h.send({ host: '20.0.0.4' }, LOOKUP, outcome())
  first.onHeard = () => {
    h.client.cancel(cancelled.exchange, new Error('enough'))
    h.client.cancel(doomed.exchange, new Error('enough'))
  }
  await h.virtual.advance(3)
  const third = h.send({ host: '20.0.0.3' }, LOOKUP, outcome())
  await h.virtual.advance(410)
  t.alike(cancelled.heard, [[400, 1, false]], 'its turn was first')
  t.is(cancelled.errors.length, 1)
  t.alike(doomed.heard, [], 'settled before its turn')
  t.alike(timesOf(h, '20.0.0.4'), [0], 'and not sent again')
  t.alike(third.heard, [[400, 1, false]], 'due 3 ms later, swept along')
  t.is(first.settled, 0)
})

test('client: one that settles another that is late at the same time is safe', async (t) => {
  const { h, outcome } = create(2)
  const first = h.send({}, { lookup: true, retries: 0 }, outcome())
  const second = h.send({ host: '20.0.0.2' }, { lookup: true, retries: 0 }, outcome())
  first.onHeard = () => h.client.cancel(second.exchange, new Error('enough'))
  second.onHeard = () => h.client.cancel(first.exchange, new Error('enough'))
  await h.virtual.advance(410)
  t.alike([first.heard.length, second.heard.length], [1, 0])
  t.is(h.client.inFlight, 0)
  t.is(second.settled, 1)
  await h.virtual.advance(2000)
  t.alike([first.code, first.settled, h.client.inFlight], ['REQUEST_TIMEOUT', 1, 0])
})

test('client: an overdue handler may send again, also into a window that its own silence freed', async (t) => {
  const { h, outcome } = create(1)
  const one = h.send({}, LOOKUP, outcome())
  one.onHeard = () => void h.send({ host: '20.0.0.2' }, { retries: 0 })
  await h.virtual.advance(500)
  t.alike(timesOf(h), [0, 400])
  t.alike(timesOf(h, '20.0.0.2'), [], 'the repetition was first')
  await h.virtual.advance(500)
  t.alike(timesOf(h, '20.0.0.2'), [800], 'then nothing more is sent to the other')
})

test('client: a lookup that waits for room in the window is overdue from its transmission on', async (t) => {
  const { h, outcome } = create(1)
  h.send({ host: '20.0.0.2' }, { retries: 0 })
  const one = h.send({}, LOOKUP, outcome())
  await h.virtual.advance(999)
  t.alike([one.heard, h.sent.length], [[], 1])
  await h.virtual.advance(1001)
  t.alike(one.heard, [
    [1400, 1, false],
    [1800, 2, true],
  ])
})

test('client: a repetition that waits for room is not overdue again before it has been sent', async (t) => {
  const { h, outcome } = create(1)
  const one = h.send({}, LOOKUP, outcome())
  const other = h.send({ host: '20.0.0.2' }, { retries: 0, timeoutMs: 5000 })
  await h.virtual.advance(5000)
  t.alike(one.heard, [[400, 1, false]], 'the other took its place at 400 ms')
  t.is(one.exchange.state, 'queued')
  await h.virtual.advance(1000)
  t.is(other.code, 'REQUEST_TIMEOUT')
  t.alike(timesOf(h), [0, 5400])
  t.alike(one.heard[1], [5800, 2, true])
})

test('client: a stall postpones it: the answer may lie unread', (t) => {
  const clock = new LateClock()
  const h = new Harness({ clock })
  const one = h.send({}, LOOKUP, new TimedOutcome(() => clock.now()))
  clock.wakeAt(600)
  t.alike(one.heard, [], 'the sweep came 200 ms late')
  clock.wakeAt(699)
  t.alike(one.heard, [])
  clock.wakeAt(701)
  t.alike(one.heard, [[701, 1, false]])
  clock.wakeAt(1300)
  t.is(one.heard.length, 1, 'and the last timeout as well')
  clock.wakeAt(1401)
  t.alike(one.heard[1], [1401, 2, true])
})

test('client: a stall whose answer is read makes nothing overdue', (t) => {
  const clock = new LateClock()
  const h = new Harness({ clock })
  const one = h.send({}, LOOKUP, new TimedOutcome(() => clock.now()))
  clock.wakeAt(5000)
  h.answer(h.last)
  clock.wakeAt(6000)
  t.alike([one.heard, one.replies.length], [[], 1])
})

test('client: a process that is always late still gives up the requests of its lookups', (t) => {
  const clock = new LateClock()
  const h = new Harness({ clock })
  const one = h.send({}, LOOKUP, new TimedOutcome(() => clock.now()))
  let wakes = 0
  while (one.settled === 0 && wakes < 30) clock.wakeAt(clock.time + 5000 + wakes++)
  t.is(one.code, 'REQUEST_TIMEOUT')
  t.ok(wakes <= 12, `${wakes} wakes`)
  t.is(h.client.inFlight, 0)
})

/** Insists on this many transmissions more. */
class InsistentOutcome extends Outcome {
  wishes = 1

  mayRepeat(): boolean {
    return this.wishes-- > 0
  }
}

test('client: a handler that wants one more transmission gets it, and its time', async (t) => {
  const { h } = create()
  const one = h.send({}, LOOKUP, new InsistentOutcome())
  await h.virtual.advance(1199)
  t.alike([one.overdue, one.late], [[1, 2], 0])
  t.alike(timesOf(h), [0, 400, 800])
  await h.virtual.advance(1)
  t.alike([one.overdue, one.late, one.settled], [[1, 2, 3], 1, 0])
  await h.virtual.advance(60_000)
  t.is(one.code, 'REQUEST_TIMEOUT')
  t.alike([h.sent.length, h.client.pending, h.client.inFlight, h.stats.requests.retries], [3, 0, 0, 2])
})
