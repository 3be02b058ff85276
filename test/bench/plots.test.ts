/** Plots and tables are made from the stored figures alone, and are the same each time. */
import test from 'brittle'
import { drawChurn, spread } from '../../bench/plots/churn.js'
import { drawLookups } from '../../bench/plots/lookups.js'
import { drawScaling } from '../../bench/plots/scaling.js'
import type { ChurnResult } from '../../bench/scenarios/churn.js'
import { lookupSections, type LookupsResult } from '../../bench/scenarios/lookups.js'
import { scalingSections, type ScalingResult } from '../../bench/scenarios/scaling.js'

const SUBJECTS = ['xorpc', 'dht-rpc'] as const
const versions = { xorpc: '1.0.0', 'dht-rpc': '2.0.0' }

const LOOKUPS: LookupsResult = {
  versions,
  nodes: 1000,
  seeds: 1,
  lookups: 4,
  tables: { lookups: [], closest: [], askers: [], joins: [], commits: [] },
  quality: SUBJECTS.map((client, i) => ({ situation: 'alive', client, recall: 0.999 - i / 10, rightFirst: 0.98 })),
  distributions: SUBJECTS.map((client, i) => ({ client, dead: 0, ms: [100, 200, 300 + i * 500, 900, 1000 + i] })),
}

const SCALING: ScalingResult = {
  versions,
  lookups: 10,
  sizes: SUBJECTS.flatMap((client, i) =>
    [128, 1024, 8192].map((nodes) => {
      const medianMs = (i + 1) * 100 * Math.log2(nodes)
      const shares = { recall: 1, rightFirst: 1 }
      return { client, nodes, seeds: 1, medianMs, p99Ms: 2 * medianMs, requests: 30, hops: 2, ...shares }
    }),
  ),
}

const CHURN: ChurnResult = {
  versions,
  nodes: 500,
  durationMs: 3_600_000,
  networks: SUBJECTS.flatMap((client) =>
    [600_000, 1_800_000].map((halfLifeMs) => {
      const times = { p50Ms: 400, p95Ms: 800, p99Ms: 1000 }
      return { client, halfLifeMs, lookups: 9, leaves: 5, ...times, requests: 30, recall: 1, rightFirst: 1, success: 1 }
    }),
  ),
}

test('plots: whole files with a background, both names, and no figure that is none', (t) => {
  for (const svg of [drawLookups(LOOKUPS), drawScaling(SCALING), drawChurn(CHURN)]) {
    t.ok(svg.startsWith('<svg xmlns="http://www.w3.org/2000/svg" width="'))
    t.ok(svg.endsWith('</svg>\n'))
    t.ok(svg.includes('<rect '), 'background')
    t.ok(svg.includes('xorpc 1.0.0') && svg.includes('dht-rpc 2.0.0'))
    t.absent(/NaN|undefined|Infinity/.test(svg))
    t.absent(svg.includes('<style'), 'nothing that reaches beyond its panel')
  }
})

test('plots: the same figures give the same bytes', (t) => {
  t.is(drawLookups(LOOKUPS), drawLookups(LOOKUPS))
  t.is(drawScaling(SCALING), drawScaling(SCALING))
  t.is(drawChurn(CHURN), drawChurn(CHURN))
})

test('plots: labels that would cover each other move apart, the others stay', (t) => {
  const labels = [1, 5, 1.1, 1.2].map((value) => ({ name: `at ${value}`, value }))
  t.alike(spread(labels, 0.5), [
    { name: 'at 1', value: 1 },
    { name: 'at 1.1', value: 1.5 },
    { name: 'at 1.2', value: 2 },
    { name: 'at 5', value: 5 },
  ])
  t.alike(spread([], 1), [])
})

test('tables: the laws are fitted, foretold and carried on to ten million', (t) => {
  const { laws = '' } = scalingSections(SCALING)
  const line = laws.split('\n').find((row) => row.includes('xorpc, time, median'))!
  t.ok(/0\.00 \+ 100 · log2\(nodes\)/.test(line), line)
  t.ok(line.includes('1300, measured 1300'), 'the largest, from the others')
  t.ok(line.includes('2325'), '100 · log2(10^7)')
})

test('tables: exactness is that of ours against its target', (t) => {
  const { exactness = '' } = lookupSections(LOOKUPS)
  t.ok(/of the true 20 closest +\| 0\.9990 +\| 0\.8990 +\| ≥ 0\.99 +\| yes/.test(exactness), exactness)
  t.ok(/right first node +\| 0\.9800 +\| 0\.9800 +\| ≥ 0\.99 +\| no/.test(exactness))
})
