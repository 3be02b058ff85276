/** A handler that asks for it hears that an answer is slow, before the timeout. */
import test from 'brittle'
import { Harness, HOST, LateClock, Outcome } from './client-harness.js'

/** As a lookup's handler: wants to hear of slowness. */
class PatientOutcome extends Outcome {
  readonly slow: number[] = []
  readonly #now: () => number

  constructor(now: () => number) {
    super()
    this.#now = now
  }

  onSlow(): void {
    this.slow.push(this.#now())
  }
}

function create() {
  const h = new Harness()
  const outcome = new PatientOutcome(() => h.virtual.now())
  return { h, outcome }
}

test('client: an answer that takes its time is slow once, before the first timeout', async (t) => {
  const { h, outcome } = create()
  h.send({}, {}, outcome)
  await h.virtual.advance(399)
  t.alike(outcome.slow, [])
  await h.virtual.advance(60_000)
  t.alike(outcome.slow, [400])
  t.alike(outcome.overdue, [1, 2, 3])
  t.is(outcome.code, 'REQUEST_TIMEOUT')
})

test('client: how long slow is follows the peer', async (t) => {
  const { h, outcome } = create()
  h.estimate(HOST, { srttMs: 100, rttvarMs: 10 })
  h.send({}, {}, outcome)
  await h.virtual.advance(200)
  t.alike(outcome.slow, [140])
  t.is(h.sent.length, 1, 'nothing is sent again')
  await h.virtual.advance(100)
  t.is(h.sent.length, 2, 'the timeout is 250 ms')
})

test('client: what is answered in time is not slow, what is answered late was', async (t) => {
  const { h, outcome } = create()
  h.send({}, {}, outcome)
  await h.virtual.advance(300)
  h.answer(h.last)
  await h.virtual.advance(5000)
  t.alike([outcome.slow, outcome.replies.length], [[], 1])
  const late = new PatientOutcome(() => h.virtual.now())
  h.estimate('20.0.0.2', { srttMs: 100, rttvarMs: 10 })
  h.send({ host: '20.0.0.2' }, {}, late)
  await h.virtual.advance(200)
  h.answer(h.last)
  t.alike([late.slow.length, late.replies.length], [1, 1])
})

test('client: a cancelled request is not slow', async (t) => {
  const { h, outcome } = create()
  const { exchange } = h.send({}, {}, outcome)
  h.client.cancel(exchange, new Error('enough'))
  await h.virtual.advance(5000)
  t.alike(outcome.slow, [])
})

test('client: who does not ask to hear of it costs no timer', async (t) => {
  const h = new Harness()
  const sweeps: number[] = []
  const { after } = h.virtual
  h.virtual.after = (delayMs, fn) => {
    sweeps.push(delayMs)
    return after.call(h.virtual, delayMs, fn)
  }
  h.send()
  t.alike(sweeps, [1000])
  h.send({ host: '20.0.0.2' }, {}, new PatientOutcome(() => h.virtual.now()))
  t.alike(sweeps, [1000, 400])
})

test('client: with a chosen timeout below it, nothing is slow: it times out', async (t) => {
  const { h, outcome } = create()
  h.send({}, { retries: 0, timeoutMs: 100 }, outcome)
  await h.virtual.advance(5000)
  t.alike([outcome.slow, outcome.code], [[], 'REQUEST_TIMEOUT'])
})

test('client: what is due together is slow together, and one that settles another is safe', async (t) => {
  const { h, outcome } = create()
  const other = new PatientOutcome(() => h.virtual.now())
  const second = h.send({ host: '20.0.0.2' }, {}, other)
  outcome.onSlow = () => h.client.cancel(second.exchange, new Error('enough'))
  const first = h.send({}, {}, outcome)
  await h.virtual.advance(3)
  const third = new PatientOutcome(() => h.virtual.now())
  h.send({ host: '20.0.0.3' }, {}, third)
  await h.virtual.advance(410)
  t.is(other.slow.length, 1, 'its turn was first')
  t.is(other.errors.length, 1)
  t.alike(third.slow, [400], 'due 3 ms later, swept along')
  t.is(first.settled, 0)
})

test('client: a slow handler may send again', async (t) => {
  const { h, outcome } = create()
  outcome.onSlow = () => void h.send({ host: '20.0.0.2' })
  h.send({}, {}, outcome)
  await h.virtual.advance(500)
  t.alike(
    h.sent.map(({ host, at }) => [host, at]),
    [
      [HOST, 0],
      ['20.0.0.2', 400],
    ],
  )
})

test('client: a request that waits for room in the window is slow from its transmission on', async (t) => {
  const h = new Harness({ maxWindow: 1 })
  h.send({}, { retries: 0 })
  const outcome = new PatientOutcome(() => h.virtual.now())
  h.send({ host: '20.0.0.2' }, { retries: 0 }, outcome)
  await h.virtual.advance(999)
  t.alike([outcome.slow, h.sent.length], [[], 1])
  await h.virtual.advance(1001)
  t.alike(outcome.slow, [1400])
})

test('client: a stall postpones slowness too: the answer may lie unread', (t) => {
  const clock = new LateClock()
  const h = new Harness({ clock })
  const outcome = new PatientOutcome(() => clock.now())
  h.send({}, {}, outcome)
  clock.wakeAt(600)
  t.alike(outcome.slow, [], 'the sweep came 200 ms late')
  clock.wakeAt(699)
  t.alike(outcome.slow, [])
  clock.wakeAt(701)
  t.alike(outcome.slow, [701])
  t.alike(outcome.overdue, [], 'the timeout is still to come')
})

test('client: a stall whose answer is read is no slowness', (t) => {
  const clock = new LateClock()
  const h = new Harness({ clock })
  const outcome = new PatientOutcome(() => clock.now())
  h.send({}, {}, outcome)
  clock.wakeAt(5000)
  h.answer(h.last)
  clock.wakeAt(6000)
  t.alike([outcome.slow, outcome.overdue, outcome.replies.length], [[], [], 1])
})
