/** What the simulated scenarios measure, in networks that are just large enough. */
import test from 'brittle'
import { measureChurn } from '../../bench/simulated/churn.js'
import { runLookups } from '../../bench/simulated/lookup-series.js'
import { measureLookups } from '../../bench/simulated/lookups.js'
import { measureScaling } from '../../bench/simulated/scaling.js'
import { openStage } from '../../bench/simulated/stage.js'
import { mean } from '../../bench/simulated/statistics.js'
import type { LookupSample } from '../../bench/simulated/timed-lookup.js'
import type { SeededRandom } from '../../lib/simulation/seeded-random.js'

const JOB = { guests: false, seed: 3, nodes: 40, dead: 0, joins: 2, lookups: 6, commits: 3 } as const

test('lookups: the same seed gives the same figures, another one others', async (t) => {
  const first = await measureLookups({ ...JOB, network: 'xorpc' })
  t.alike(await measureLookups({ ...JOB, network: 'xorpc' }), first)
  t.unlike(await measureLookups({ ...JOB, network: 'xorpc', seed: 4 }), first)
})

test('lookups: each implementation joins, looks up and commits as often as asked for', async (t) => {
  for (const network of ['xorpc', 'dht-rpc'] as const) {
    const [result, ...others] = await measureLookups({ ...JOB, network })
    t.is(others.length, 0)
    const { client, persistentJoins, ephemeralJoins, memberLookups, clientLookups, commitMs } = result!
    t.is(client, network)
    const lists = [persistentJoins, ephemeralJoins, memberLookups, clientLookups, commitMs]
    t.alike(
      lists.map(({ length }) => length),
      [2, 2, 3, 3, 3],
    )
    const lookups = [...memberLookups, ...clientLookups]
    t.ok(lookups.every(({ ms, requests, hops }) => ms > 0 && requests >= 20 && hops >= 1))
    t.ok(lookups.every(({ firstMs, ms }) => firstMs === null || (firstMs > 0 && firstMs <= ms)))
    t.ok(mean(lookups.map(({ recall }) => recall)) > 0.8)
    t.ok([...persistentJoins, ...ephemeralJoins].every(({ ms, requests }) => ms > 0 && requests > 0))
  }
})

test('lookups: dead nodes cost time and requests, and are not looked for', async (t) => {
  const [alive] = await measureLookups({ ...JOB, network: 'xorpc' })
  const [dead] = await measureLookups({ ...JOB, network: 'xorpc', dead: 0.4 })
  const requests = (result: typeof alive): number => mean(result!.memberLookups.map((sample) => sample.requests))
  t.ok(requests(dead) > requests(alive))
  t.ok(mean(dead!.memberLookups.map(({ recall }) => recall)) > 0.9)
  t.alike(dead!.persistentJoins, alive!.persistentJoins, 'they die after the joins')
})

test('lookups: guests are measured in the network of their hosts', async (t) => {
  const results = await measureLookups({ ...JOB, network: 'dht-rpc', guests: true })
  t.alike(
    results.map(({ client, memberLookups, clientLookups }) => [client, memberLookups.length, clientLookups.length]),
    [
      ['dht-rpc', 3, 3],
      ['xorpc', 3, 3],
    ],
  )
})

test('scaling: lookups of members, whose hops are counted along the replies', async (t) => {
  const samples = await measureScaling({ network: 'xorpc', seed: 1, nodes: 60, lookups: 10 })
  t.is(samples.length, 10)
  t.ok(samples.every(({ hops }) => Number.isInteger(hops) && hops >= 1 && hops <= 6))
  t.ok(
    samples.some(({ hops }) => hops > 1),
    'not everybody is in the table of the asker',
  )
})

test('lookup: whoever asks for its own id is not among those it should find', async (t) => {
  const stage = await openStage({ kind: 'xorpc', nodes: 40, seed: 1 })
  t.teardown(() => stage.network.close())
  const [, asker] = stage.network.members
  const samples: LookupSample[] = []
  const asking = { pick: () => asker!, take: (sample: LookupSample) => samples.push(sample) }
  const random = { bytes: () => asker!.node.id! } as unknown as SeededRandom
  await runLookups({ ...stage, random }, [asking], 1)
  t.ok(samples[0]!.rightFirst)
})

test('churn: nodes leave at the rate of their half-life, and every lookup is accounted for', async (t) => {
  const halfLifeMs = 10 * 60_000
  for (const network of ['xorpc', 'dht-rpc'] as const) {
    const job = { network, seed: 1, nodes: 40, halfLifeMs, durationMs: 5 * 60_000 }
    const { samples, failed, interrupted, leaves } = await measureChurn(job)
    t.is(samples.length + failed + interrupted, 30, 'one every ten seconds')
    // 39 nodes, each replaced after 14.4 minutes on average: about 40 in these 15 minutes.
    t.ok(leaves > 20 && leaves < 65, `${leaves} left`)
    t.ok(mean(samples.map(({ recall }) => recall)) > 0.8)
  }
})
