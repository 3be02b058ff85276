import test from 'brittle'
import type { DHT } from '../../../lib/node/dht.js'
import { VirtualClock } from '../../../lib/primitives/virtual-clock.js'
import { Calls } from '../../../lib/records/client/calls.js'

/** A node whose sessions note what they were ended with. */
function start(): { clock: VirtualClock; calls: Calls; ended: unknown[] } {
  const clock = new VirtualClock()
  const ended: unknown[] = []
  const node = { session: () => ({ destroy: (error: unknown) => void ended.push(error) }) }
  return { clock, calls: new Calls(node as unknown as DHT, clock), ended }
}

test('calls: a pause lasts as long as it is told to', async (t) => {
  const { clock, calls } = start()
  let over = false
  const call = calls.run({}, async (_session, _goesOn, { pause }) => {
    await pause(100)
    over = true
    return 'done'
  })
  await clock.advance(99)
  t.absent(over)
  await clock.advance(1)
  t.is(await call, 'done')
  t.is(clock.pending, 0)
})

test('calls: whatever ends a call ends its pause, and leaves no timer', async (t) => {
  const reason = new Error('enough')
  const ends: Record<string, (calls: Calls, abort: AbortController) => void> = {
    'its signal': (_calls, abort) => abort.abort(reason),
    'the end of the module': (calls) => calls.close(),
  }
  for (const [name, end] of Object.entries(ends)) {
    const { clock, calls, ended } = start()
    const abort = new AbortController()
    const call = calls.run({ signal: abort.signal }, (_session, _goesOn, { pause }) => pause(1000))
    t.is(clock.pending, 1)
    end(calls, abort)
    const error = await call.then(
      () => null,
      (failure: { code?: string }) => failure,
    )
    t.ok(error === reason || (error as { code?: string }).code === 'RECORDS_CLOSED', name)
    t.alike([clock.pending, ended.length], [0, 1], 'nothing waits')
  }
})

test('calls: a deadline ends a pause, and one that begins later does not begin', async (t) => {
  const { clock, calls } = start()
  const codes: unknown[] = []
  const call = calls.run({ deadlineMs: 10 }, async (_session, _goesOn, { pause }) => {
    await pause(1000).catch((error: { code?: string }) => codes.push(error.code))
    await pause(1000)
  })
  call.catch((error: { code?: string }) => codes.push(error.code))
  await clock.advance(10)
  await call.catch(() => {})
  t.alike(codes, ['DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED'])
  t.is(clock.pending, 0)
})

test('calls: closing ends those that are open, in whatever order the others have ended', async (t) => {
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 0, 2],
    [1, 2, 0],
  ]) {
    for (let endedFirst = 0; endedFirst <= order.length; endedFirst++) {
      const { calls, ended } = start()
      const open = order.map(() => calls.open({}))
      for (const which of order.slice(0, endedFirst)) open[which]!.end()
      calls.close()
      t.is(ended.length, order.length - endedFirst, `${endedFirst} of ${order.join()} had ended`)
    }
  }
})

test('calls: what goes on in the background is ended by closing, and no more when it is over', async (t) => {
  for (const isOver of [false, true]) {
    const { clock, calls, ended } = start()
    let finish = (): void => {}
    const background = new Promise<void>((resolve) => (finish = resolve))
    await calls.run({ deadlineMs: 10 }, async (_session, goesOn) => goesOn(background))
    await clock.advance(20)
    t.alike(ended, [], 'the deadline was that of the call')
    if (isOver) finish()
    await clock.advance(1)
    calls.close()
    t.is(ended.length, isOver ? 0 : 1)
  }
})
