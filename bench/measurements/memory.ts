/**
 * Memory of a joined node, after a forced garbage collection: once as nodes come by default, once with a single UDX
 * instance shared by all nodes of the process.
 *
 * The bootstrapper is there before the first reading, so loaded code and what nodes share do not count as a node's.
 */
import type { Network } from '../children/network.js'
import { inTurn, type Measurement, type Row, type Sample, sleep } from '../measurement.js'
import type { Plan } from '../plan.js'
import { startChild, withChildren } from '../process.js'
import type { SubjectName } from '../subject.js'

const KINDS = ['own', 'shared'] as const
const NOTES = { own: 'default', shared: 'shared udx' }

export const memory: Measurement = {
  name: 'memory',

  rows: () => KINDS.flatMap(rowsOf),

  measure: (subjects, plan, round) => inTurn(round, (side) => measureSide(subjects[side], plan)),
}

async function measureSide(subject: SubjectName, plan: Plan): Promise<Sample> {
  const sample: Sample = {}
  for (const kind of KINDS) Object.assign(sample, await measureKind(subject, kind, plan))
  return sample
}

function rowsOf(kind: 'own' | 'shared'): Row[] {
  return [
    { id: `heap-${kind}`, label: `heap per node, ${NOTES[kind]}`, unit: 'kB', better: 'lower' },
    { id: `external-${kind}`, label: `external memory per node, ${NOTES[kind]}`, unit: 'kB', better: 'lower' },
    {
      id: `memory-${kind}`,
      label: `heap + external memory per node, ${NOTES[kind]}`,
      unit: 'kB',
      better: 'lower',
      ...(kind === 'own' && { target: 0.6 }),
    },
    { id: `rss-${kind}`, label: `resident memory per node, ${NOTES[kind]}`, unit: 'kB', better: 'lower' },
  ]
}

function measureKind(subject: SubjectName, kind: 'own' | 'shared', plan: Plan): Promise<Sample> {
  const network = startChild<Network>('network')
  return withChildren([network], async () => {
    await network.call('open', subject, kind === 'shared')
    const before = await network.call('memory')
    await network.call('join', plan.memoryNodes)
    await sleep(plan.settleMs)
    const after = await network.call('memory')
    const perNode = (field: 'heapUsed' | 'external' | 'rss') => (after[field] - before[field]) / 1000 / plan.memoryNodes
    return {
      [`heap-${kind}`]: perNode('heapUsed'),
      [`external-${kind}`]: perNode('external'),
      [`memory-${kind}`]: perNode('heapUsed') + perNode('external'),
      [`rss-${kind}`]: perNode('rss'),
    }
  })
}
