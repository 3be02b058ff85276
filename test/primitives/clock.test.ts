import test from 'brittle'
import { systemClock } from '../../lib/primitives/clock.js'

test('clock: does not run backwards', (t) => {
  let last = systemClock.now()
  const backwards: string[] = []
  for (let i = 0; i < 1000; i++) {
    const now = systemClock.now()
    if (now < last) backwards.push(`${now} after ${last}`)
    last = now
  }
  t.alike(backwards, [])
})

test('clock: wall time is milliseconds since 1970', (t) => {
  t.ok(Math.abs(systemClock.wallTime() - Date.now()) < 1000)
})

test('clock: a timer fires once', async (t) => {
  t.plan(1)
  await new Promise<void>((resolve) => {
    systemClock.after(0, () => {
      t.pass()
      resolve()
    })
  })
})

test('clock: a cancelled timer does not fire, and cancelling is harmless at any time', async (t) => {
  let fired = 0
  const cancelled = systemClock.after(0, () => fired++)
  cancelled()
  cancelled()
  // Timers of the same delay fire in order: when this one has, the one before it would have.
  await new Promise<void>((resolve) => {
    const cancel = systemClock.after(
      0,
      () => {
        cancel()
        resolve()
      },
      true,
    )
    systemClock.after(0, () => undefined)
  })
  t.is(fired, 0)
})
