import test from 'brittle'
import { DelayedPings } from '../../lib/commands/delayed-ping.js'
import { VirtualClock } from '../../lib/primitives/virtual-clock.js'
import { COMMAND, encodeDelayedPing } from '../../lib/wire/commands.js'
import { HOST, inboundOf } from './harness.js'

function create(maxDelayMs = 10_000) {
  const clock = new VirtualClock()
  const pings = new DelayedPings(clock, maxDelayMs)
  const answered: [number, string][] = []
  const ask = (delayMs: number, host = HOST) => {
    const inbound = inboundOf(COMMAND.DELAYED_PING, { value: encodeDelayedPing(delayMs) }, host)
    return pings.handle(inbound, () => () => void answered.push([clock.now(), host]))
  }
  return { clock, pings, answered, ask }
}

test('delayed-ping: answered after the delay, 0 included', async (t) => {
  const { clock, pings, answered, ask } = create()
  t.is(ask(500), 'handled')
  t.is(ask(0), 'handled')
  t.is(ask(10_000), 'handled')
  t.is(pings.pending, 3)
  await clock.advance(20_000)
  t.alike(
    answered.map(([at]) => at),
    [0, 500, 10_000],
  )
  t.is(pings.pending, 0)
})

test('delayed-ping: the way to answer is made before the received bytes are gone', (t) => {
  const { pings } = create()
  let made = 0
  const inbound = inboundOf(COMMAND.DELAYED_PING, { value: encodeDelayedPing(100) })
  pings.handle(inbound, (given) => {
    t.is(given, inbound)
    made++
    return () => {}
  })
  t.is(made, 1)
})

test('delayed-ping: dropped without a delay, or above our limit', (t) => {
  const { pings, ask } = create(1000)
  t.is(ask(1001), 'badArgument')
  t.is(ask(0xffffffff), 'badArgument')
  t.is(ask(1000), 'handled')
  for (const value of [undefined, new Uint8Array(0), new Uint8Array(3)]) {
    const inbound = inboundOf(COMMAND.DELAYED_PING, value && { value })
    t.is(
      pings.handle(inbound, () => () => {}),
      'badArgument',
    )
  }
  t.is(pings.pending, 1)
})

test('W-S6: answers that wait are bounded, per host and in all', async (t) => {
  const { clock, pings, ask } = create()
  let handled = 0
  for (let i = 0; i < 100; i++) if (ask(5000) === 'handled') handled++
  t.is(handled, 32)
  t.is(ask(5000), 'overLimit')
  for (let i = 0; i < 1000; i++) ask(5000, `20.0.${1 + (i >> 8)}.${i & 255}`)
  t.is(pings.pending, 256)
  t.is(ask(5000, '20.1.0.0'), 'overLimit')
  t.is(clock.pending, 256, 'as many timers, no more')
  await clock.advance(5000)
  t.is(pings.pending, 0)
  t.is(ask(5000), 'handled', 'room again, for the host too')
})

test('delayed-ping: clear forgets all answers, and their timers', async (t) => {
  const { clock, pings, answered, ask } = create()
  for (let i = 0; i < 40; i++) ask(5000)
  pings.clear()
  t.is(clock.pending, 0)
  t.is(pings.pending, 0)
  t.is(ask(5000), 'handled')
  await clock.advance(10_000)
  t.is(answered.length, 1)
})
