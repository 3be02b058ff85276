/** A joined network that nobody uses: what maintenance costs each node. */
import type { Network } from '../children/network.js'
import { type Measurement, sleep } from '../measurement.js'
import { startChild, withChildren } from '../process.js'

const MS_PER_MINUTE = 60_000

export const idle: Measurement = {
  name: 'idle',

  rows: () => [
    { id: 'idle-cpu', label: 'idle, CPU per node and minute', unit: 'ms', better: 'lower' },
    { id: 'idle-datagrams', label: 'idle, datagrams per node and minute', unit: '', better: 'lower' },
  ],

  measure(subject, plan) {
    const network = startChild<Network>('network')
    return withChildren([network], async () => {
      await network.call('open', subject)
      await network.call('join', plan.memoryNodes)
      await sleep(plan.settleMs)
      await network.call('memory')
      const result = await network.call('idle', plan.idleMs)
      const nodeMinutes = (plan.memoryNodes * plan.idleMs) / MS_PER_MINUTE
      return {
        'idle-cpu': result.cpuMicros / 1000 / nodeMinutes,
        'idle-datagrams': result.datagrams / nodeMinutes,
      }
    })
  },
}
