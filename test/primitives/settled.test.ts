import test from 'brittle'
import { whenSettled } from '../../lib/primitives/settled.js'

/** Resolves when `whenSettled` says that all is done. */
function settle(): Promise<void> {
  return new Promise((resolve) => whenSettled(resolve)())
}

test('settled: never at once, and after all jobs and the ticks they make', async (t) => {
  const log: string[] = []
  const work = async (): Promise<void> => {
    for (let i = 0; i < 500; i++) await Promise.resolve()
    log.push('jobs')
    await new Promise<void>((resolve) => process.nextTick(resolve))
    for (let i = 0; i < 500; i++) await Promise.resolve()
    log.push('a tick, and its jobs')
  }
  void work()
  const settled = settle().then(() => log.push('settled'))
  t.alike(log, [])
  await settled
  t.alike(log, ['jobs', 'a tick, and its jobs', 'settled'])
})

test('settled: can be waited for again and again, and the event loop gets its turn', async (t) => {
  let tasks = 0
  let isOver = false
  const count = (): void => {
    tasks++
    if (!isOver) setImmediate(count)
  }
  setImmediate(count)
  await new Promise<void>((resolve) => {
    let turns = 0
    const again = whenSettled(() => (++turns === 10_000 ? resolve() : again()))
    again()
  })
  isOver = true
  // Where there are no ticks to wait for, as in Bare, each turn is a task.
  t.ok(tasks >= 9 && ('Bare' in globalThis || tasks < 1000), `${tasks} tasks in 10000 turns`)
})

test('settled: where there are no ticks, it is a task of the event loop', async (t) => {
  const { process: saved } = globalThis
  // The module looks at the runtime once, so another copy of it is needed.
  Object.assign(globalThis, { process: undefined })
  const again = import(`${new URL('../../lib/primitives/settled.js', import.meta.url).href}?no-ticks`)
  const copy = (await again.finally(() => Object.assign(globalThis, { process: saved }))) as {
    whenSettled: typeof whenSettled
  }
  const log: string[] = []
  const work = async (): Promise<void> => {
    for (let i = 0; i < 500; i++) await Promise.resolve()
    log.push('jobs')
  }
  void work()
  await new Promise<void>((resolve) => copy.whenSettled(resolve)())
  t.alike(log, ['jobs'])
})
