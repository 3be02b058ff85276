/** Jobs of the benchmark that run several at a time. */
import test from 'brittle'
import { runJobs } from '../../bench/pool.js'

const OPTIONS = { parallel: 2, name: 'test', titleOf: String }

test('pool: results come in the order of the jobs, whichever is done first', async (t) => {
  const releases: (() => void)[] = []
  const results = runJobs([1, 2, 3], OPTIONS, async (job) => {
    if (job === 1) await new Promise<void>((resolve) => releases.push(resolve))
    else if (job === 3) releases[0]!()
    return job * 10
  })
  t.alike(await results, [10, 20, 30])
})

test('pool: no more jobs at a time than asked for', async (t) => {
  let running = 0
  let most = 0
  await runJobs([1, 2, 3, 4, 5], OPTIONS, async () => {
    most = Math.max(most, ++running)
    await Promise.resolve()
    running--
  })
  t.is(most, 2)
})

test('pool: after a failure nothing more is started, and it is reported when the others are done', async (t) => {
  const started: number[] = []
  let finished = 0
  const results = runJobs([1, 2, 3, 4], OPTIONS, async (job) => {
    started.push(job)
    if (job === 1) throw new Error('one')
    await Promise.resolve()
    finished++
  })
  await t.exception(results, /one/)
  t.alike(started, [1, 2])
  t.is(finished, 1)
})
