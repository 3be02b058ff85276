/** Watching a record, on virtual time. */
import test from 'brittle'
import { measureWatch } from '../../bench/records/watch.js'
import { HOUR, MINUTE, startRecords, text, textOf } from './network.js'

const INTERVAL = 5_000

test('watch: what is there, then every newer version, deletions too', async (t) => {
  const network = await startRecords(t)
  const { sim, members } = network
  const keyPair = await network.keyPair(1)
  const writer = members[0]!.records
  const watch = members[9]!.records.watch(keyPair.publicKey, { intervalMs: INTERVAL })
  const seen: [string, string | null, number | null][] = []
  const watching = (async () => {
    for await (const { state, value, seq } of watch) {
      seen.push([state, textOf(value), seq])
      if (state === 'deleted') break
    }
  })()
  await sim.advance(MINUTE)
  t.alike(seen, [], 'there is none yet')
  for (const value of ['one', 'two', 'three']) {
    await sim.run(writer.put({ keyPair, value: text(value), ttlMs: HOUR }))
    await sim.advance(MINUTE)
  }
  await sim.advance(2 * HOUR)
  t.is(seen.length, 3, 'a version that is republished is no news')
  await sim.run(writer.delete({ keyPair }))
  await sim.run(watching)
  t.alike(seen, [
    ['found', 'one', 1],
    ['found', 'two', 2],
    ['found', 'three', 3],
    ['deleted', null, 4],
  ])
  t.ok(watch.stats.polls > 100)
  t.ok(watch.stats.lookups > 3)
})

test('watch: known versions are not given again, and holders that vanish are replaced', async (t) => {
  const network = await startRecords(t, {}, { nodes: 40 })
  const { sim } = network
  const keyPair = await network.keyPair(1)
  const [writer, watcher] = network.members
  await sim.run(writer!.records.put({ keyPair, value: text('one') }))
  const known = await sim.run(watcher!.records.get(keyPair.publicKey))
  const watch = watcher!.records.watch(keyPair.publicKey, { intervalMs: INTERVAL, known })
  const next = watch.next()
  await sim.advance(MINUTE)
  const before = watch.stats.lookups
  for (const member of network.members.slice(2, 30)) network.kill(member)
  await sim.advance(2 * MINUTE)
  await sim.run(writer!.records.put({ keyPair, value: text('two') }))
  const { value } = await sim.run(next)
  t.is(textOf(value!.value), 'two')
  t.ok(watch.stats.lookups > before, 'looked up again')
  await watch.return()
})

test('watch: ends by signal, return, close and the end of the node, and leaves nothing behind', async (t) => {
  const network = await startRecords(t)
  const { sim, members } = network
  const { publicKey } = await network.keyPair(1)
  const controller = new AbortController()
  const done = { done: true, value: undefined }
  const { records, node } = members[3]!
  const listeners = node.listenerCount('close')
  for (const end of ['signal', 'return', 'close', 'destroy'] as const) {
    for (const delayMs of [20, MINUTE]) {
      const member = end === 'close' ? members[4]! : end === 'destroy' ? members[5]! : members[3]!
      if (end === 'close' || end === 'destroy') if (delayMs === MINUTE) continue
      const watch = member.records.watch(publicKey, { signal: controller.signal, intervalMs: INTERVAL })
      const [next, another] = [watch.next(), watch.next()]
      await sim.advance(delayMs)
      const start = sim.clock.now()
      if (end === 'return') t.alike(await watch.return(), done)
      else if (end === 'close') await sim.run(member.records.close())
      else if (end === 'destroy') await sim.run(member.node.destroy())
      else {
        const own = new AbortController()
        const other = records.watch(publicKey, { signal: own.signal, intervalMs: INTERVAL })
        const waiting = other.next()
        await sim.advance(delayMs)
        own.abort(new Error('enough'))
        t.alike(await sim.run(waiting), done, 'an abort is no error')
        t.alike(await other.next(), done)
        void watch.return()
      }
      t.alike(await sim.run(next), done, end)
      t.alike(await sim.run(another), done)
      t.alike(await watch.next(), done)
      t.ok(sim.clock.now() - start < 2 * MINUTE)
    }
  }
  t.is(node.listenerCount('close'), listeners)
  controller.abort()
  t.alike(await records.watch(publicKey, { signal: controller.signal }).next(), done, 'aborted before')
  await sim.run(records.close())
  t.alike(await records.watch(publicKey).next(), done, 'closed before')
})

test('watch: bad arguments fail at the call', async (t) => {
  const network = await startRecords(t, {}, { nodes: 2 })
  const { records } = network.members[0]!
  const { publicKey } = await network.keyPair(1)
  const wrong: [object, new (message: string) => Error][] = [
    [{ intervalMs: 999 }, RangeError],
    [{ lookupIntervalMs: 'x' }, TypeError],
    [{ nodes: 21 }, RangeError],
    [{ signal: {} }, TypeError],
    [{ topic: new Uint8Array(3) }, RangeError],
  ]
  for (const [options, Kind] of wrong) {
    try {
      void records.watch(publicKey, options)
      t.fail(JSON.stringify(options))
    } catch (error) {
      t.ok(error instanceof Kind, (error as Error).message)
    }
  }
})

test('watch: every version is seen, and no news cost little', async (t) => {
  const figures = await measureWatch({ seed: 1, nodes: 24, versions: 8, intervalMs: 10_000, idlePolls: 10 })
  t.is(figures.seen, 8)
  t.ok(figures.longestDelayMs < 40_000, `${figures.longestDelayMs} ms`)
  t.ok(figures.idlePollBytes < 500, `${figures.idlePollBytes} bytes`)
})
