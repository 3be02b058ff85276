/** Building a network from nothing, ten nodes at a time: what each node costs until it is bootstrapped. */
import type { Network } from '../children/network.js'
import { inTurn, type Measurement, type Row, type Sample } from '../measurement.js'
import type { Plan } from '../plan.js'
import { startChild, withChildren } from '../process.js'
import type { SubjectName } from '../subject.js'

export const join: Measurement = {
  name: 'join',

  rows: (plan) => plan.networkSizes.flatMap(rowsOf),

  measure: (subjects, plan, round) => inTurn(round, (side) => measureSide(subjects[side], plan)),
}

async function measureSide(subject: SubjectName, plan: Plan): Promise<Sample> {
  const sample: Sample = {}
  for (const size of plan.networkSizes) Object.assign(sample, await measureSize(subject, size))
  return sample
}

function rowsOf(size: number): Row[] {
  return [
    { id: `join-ms-${size}`, label: `join of ${size}, time per node`, unit: 'ms', better: 'lower' },
    {
      id: `join-cpu-${size}`,
      label: `join of ${size}, CPU per node`,
      unit: 'ms',
      better: 'lower',
      ...(size === 500 && { target: 0.5 }),
    },
    { id: `join-datagrams-${size}`, label: `join of ${size}, datagrams per node`, unit: '', better: 'lower' },
    { id: `join-share-${size}`, label: `join of ${size}, became persistent`, unit: '%', better: 'higher' },
  ]
}

function measureSize(subject: SubjectName, size: number): Promise<Sample> {
  const network = startChild<Network>('network')
  return withChildren([network], async () => {
    await network.call('open', subject)
    const result = await network.call('join', size)
    return {
      [`join-ms-${size}`]: result.ms / size,
      [`join-cpu-${size}`]: result.cpuMicros / 1000 / size,
      [`join-datagrams-${size}`]: result.datagrams / size,
      [`join-share-${size}`]: (100 * result.persistent) / size,
    }
  })
}
