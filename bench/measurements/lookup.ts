/** Lookups of random targets by random members of a settled network, one at a time. */
import type { Network } from '../children/network.js'
import { inTurn, type Measurement, type Row, type Sample, sleep } from '../measurement.js'
import type { Plan } from '../plan.js'
import { startChild, withChildren } from '../process.js'
import type { SubjectName } from '../subject.js'

export const lookup: Measurement = {
  name: 'lookup',

  rows: (plan) => plan.networkSizes.flatMap(rowsOf),

  measure: (subjects, plan, round) => inTurn(round, (side) => measureSide(subjects[side], plan)),
}

async function measureSide(subject: SubjectName, plan: Plan): Promise<Sample> {
  const sample: Sample = {}
  for (const size of plan.networkSizes) Object.assign(sample, await measureSize(subject, size, plan))
  return sample
}

function rowsOf(size: number): Row[] {
  return [
    { id: `lookup-ms-${size}`, label: `lookup among ${size}, time`, unit: 'ms', better: 'lower' },
    { id: `lookup-requests-${size}`, label: `lookup among ${size}, requests`, unit: '', better: 'lower' },
    { id: `lookup-datagrams-${size}`, label: `lookup among ${size}, datagrams`, unit: '', better: 'lower' },
    { id: `lookup-exact-${size}`, label: `lookup among ${size}, of true 20 closest`, unit: '%', better: 'higher' },
  ]
}

function measureSize(subject: SubjectName, size: number, plan: Plan): Promise<Sample> {
  const network = startChild<Network>('network')
  return withChildren([network], async () => {
    await network.call('open', subject)
    await network.call('join', size)
    await sleep(plan.settleMs)
    const result = await network.call('lookup', plan.lookups)
    return {
      [`lookup-ms-${size}`]: result.ms / plan.lookups,
      [`lookup-requests-${size}`]: result.requests / plan.lookups,
      [`lookup-datagrams-${size}`]: result.datagrams / plan.lookups,
      [`lookup-exact-${size}`]: 100 * result.exactness,
    }
  })
}
