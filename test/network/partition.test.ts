/** A network that was cut in two becomes one again. On virtual time. */
import test, { type Assert } from 'brittle'
import type { DHT } from '../../index.js'
import { Simulation } from '../../lib/simulation/index.js'
import { lookUp } from './simulated.js'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** Each half is large enough to fill tables: nodes of poor ones ask the bootstrap nodes anyway. */
const SIZE = 56

/** A lost contact is asked every five minutes at the latest; one of them may be dead, or the datagram lost. */
const HEALED_MS = 12 * MINUTE

type Half = 'first' | 'second'

interface Cut {
  seed: number
  cutMs: number
  /** Which half each bootstrapper is in. */
  bootstrappers: Half[]
  /** Share of the nodes in the first half. Default 0.5. */
  share?: number
  /** No bootstrapper comes back. */
  withoutBootstrappers?: boolean
  /** So many nodes of each half die while it is cut. */
  deaths?: number
  /** So many nodes join while it is cut. */
  newcomers?: number
}

async function createNetwork(t: Assert, { seed, bootstrappers }: Cut): Promise<{ sim: Simulation; starts: DHT[] }> {
  const sim = new Simulation({ seed, network: { loss: 0.01 } })
  t.teardown(() => sim.destroy())
  const starts = bootstrappers.map(() => sim.bootstrapper({ bootstrap: sim.bootstrap.slice() }))
  await sim.startNodes(SIZE - starts.length)
  await sim.advance(10 * MINUTE)
  return { sim, starts }
}

/** Cuts the network in two for a while. */
async function cut(sim: Simulation, starts: readonly DHT[], options: Cut): Promise<void> {
  const { bootstrappers, cutMs, share = 0.5, deaths = 0, newcomers = 0 } = options
  const others = sim.nodes.filter((node) => !starts.includes(node))
  const size = Math.round(others.length * share)
  const halves = [others.slice(0, size), others.slice(size)] as const
  const first = [...halves[0], ...starts.filter((_, i) => bootstrappers[i] === 'first')]
  sim.network.partition(first.map((node) => sim.hostOf(node)))
  if (options.withoutBootstrappers) for (const node of starts) sim.hostOf(node).kill()
  for (const half of halves) for (const node of half.slice(0, deaths)) sim.hostOf(node).kill()
  // Hosts that are new are in the second part.
  await sim.startNodes(newcomers)
  await sim.advance(cutMs)
}

const CUTS: [string, Cut][] = [
  ['for 20 minutes', { seed: 1, cutMs: 20 * MINUTE, bootstrappers: ['first'] }],
  ['for 4 hours', { seed: 2, cutMs: 4 * HOUR, bootstrappers: ['second'] }],
  ['with a bootstrapper in each part', { seed: 3, cutMs: HOUR, bootstrappers: ['first', 'second'] }],
  [
    'with a bootstrapper in each part, where others have joined the second one since',
    { seed: 4, cutMs: 30 * MINUTE, bootstrappers: ['first', 'second'], newcomers: 6 },
  ],
  ['and whose bootstrapper is gone', { seed: 5, cutMs: HOUR, bootstrappers: ['first'], withoutBootstrappers: true }],
  [
    'and where a quarter has died, with the bootstrapper',
    { seed: 6, cutMs: 2 * HOUR, bootstrappers: ['second'], withoutBootstrappers: true, deaths: 7 },
  ],
  ['into parts of different size', { seed: 7, cutMs: HOUR, bootstrappers: ['first'], share: 0.6 }],
]

for (const [what, options] of CUTS) {
  test(`partition: a network that was cut ${what}, is one again within minutes`, async (t) => {
    const { sim, starts } = await createNetwork(t, options)
    await cut(sim, starts, options)
    const apart = await lookUp(sim, sim.livingNodes, { count: 10 })
    t.is(apart.exact, 0, 'the parts do not know each other any more')
    sim.network.heal()
    await sim.advance(HEALED_MS)
    const { exact, misses } = await lookUp(sim, sim.livingNodes, { count: 40 })
    t.ok(exact >= 39, `${exact} of 40 lookups exact; ${misses.join('; ')}`)
  })
}

test('partition: nodes that remember nobody find the rest by their looks at a bootstrap node', async (t) => {
  // Nodes of the second part have all joined after the cut, so neither part has lost anybody.
  const sim = new Simulation({ seed: 8, network: { loss: 0.01 } })
  t.teardown(() => sim.destroy())
  const first = sim.bootstrapper()
  const firstPart = await sim.startNodes(SIZE / 2, { ephemeral: false, bootstrap: sim.bootstrap.slice() })
  sim.network.partition([first, ...firstPart].map((node) => sim.hostOf(node)))
  sim.bootstrapper({ bootstrap: sim.bootstrap.slice() })
  await sim.startNodes(SIZE / 2)
  await sim.advance(20 * MINUTE)
  sim.network.heal()
  const apart = await lookUp(sim, sim.nodes, { count: 10 })
  t.is(apart.exact, 0)
  await sim.advance(100 * MINUTE)
  const { exact, misses } = await lookUp(sim, sim.nodes, { count: 40 })
  t.ok(exact >= 39, `${exact} of 40 lookups exact; ${misses.join('; ')}`)
})
