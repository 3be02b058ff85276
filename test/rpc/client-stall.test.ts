import test from 'brittle'
import { Harness, LateClock } from './client-harness.js'

test('client: a process that stood still gives waiting answers time to be read', (t) => {
  const clock = new LateClock()
  const h = new Harness({ clock })
  const outcome = h.send({}, { retries: 0 })
  clock.wakeAt(5000)
  t.is(outcome.settled, 0, 'the sweep came 4 s late')
  h.answer(h.last)
  t.is(outcome.replies.length, 1)
})

test('client: without an answer in the grace period the timeout counts', (t) => {
  const clock = new LateClock()
  const h = new Harness({ clock })
  const outcome = h.send({}, { retries: 0 })
  clock.wakeAt(5000)
  clock.wakeAt(5099)
  t.is(outcome.settled, 0)
  clock.wakeAt(5101)
  t.is(outcome.code, 'REQUEST_TIMEOUT')
})

test('client: a process that is always late still settles its requests', (t) => {
  const clock = new LateClock()
  const h = new Harness({ clock })
  const outcome = h.send({}, { retries: 0 })
  let wakes = 0
  while (outcome.settled === 0 && wakes < 10) clock.wakeAt(clock.time + 5000 + wakes++)
  t.is(outcome.code, 'REQUEST_TIMEOUT')
  t.ok(wakes <= 4, `${wakes} wakes`)
})

test('client: one timer serves all timeouts, answers leave it alone', (t) => {
  const clock = new LateClock()
  const h = new Harness({ clock })
  for (let i = 0; i < 50; i++) h.send({ host: `20.0.1.${i}` })
  t.is(clock.timers.size, 1)
  for (const sent of h.sent) h.answer(sent)
  t.is(clock.timers.size, 1)
  clock.wakeAt(1001)
  t.is(clock.timers.size, 0, 'gone once there is nothing to wait for')
})
