/**
 * A joined network that nobody uses: what maintenance costs each node.
 *
 * Both networks idle at the same time: they hardly use the processor, and it halves the longest wait of a run.
 */
import type { Network } from '../children/network.js'
import { type Both, inTurn, type Measurement, type Sample, sleep } from '../measurement.js'
import type { Plan } from '../plan.js'
import { type Child, startChild, withChildren } from '../process.js'
import type { SubjectName } from '../subject.js'

const MS_PER_MINUTE = 60_000

export const idle: Measurement = {
  name: 'idle',

  rows: () => [
    { id: 'idle-cpu', label: 'idle, CPU per node and minute', unit: 'ms', better: 'lower', target: 0.6 },
    { id: 'idle-datagrams', label: 'idle, datagrams per node and minute', unit: '', better: 'lower' },
  ],

  measure(subjects, plan, round) {
    const networks: Both<Child<Network>> = [startChild<Network>('network'), startChild<Network>('network')]
    return withChildren(networks, async () => {
      await inTurn(round, (side) => build(networks[side], subjects[side], plan))
      return Promise.all([measureIdle(networks[0], plan), measureIdle(networks[1], plan)])
    })
  },
}

async function build(network: Child<Network>, subject: SubjectName, plan: Plan): Promise<void> {
  await network.call('open', subject)
  await network.call('join', plan.memoryNodes)
  await sleep(plan.settleMs)
  // The garbage of joining is collected before, not while nothing should happen.
  await network.call('memory')
}

async function measureIdle(network: Child<Network>, plan: Plan): Promise<Sample> {
  const { cpuMicros, datagrams } = await network.call('idle', plan.idleMs)
  const nodeMinutes = (plan.memoryNodes * plan.idleMs) / MS_PER_MINUTE
  return { 'idle-cpu': cpuMicros / 1000 / nodeMinutes, 'idle-datagrams': datagrams / nodeMinutes }
}
