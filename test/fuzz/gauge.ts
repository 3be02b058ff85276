/** The clock and the heap of this process of Node.js. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Gauge } from './meter.js'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function allocatedBytes(): number {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

export const processGauge: Gauge = {
  now: () => performance.now(),
  allocatedBytes,
  heapBytes: () => {
    collect()
    collect()
    return allocatedBytes()
  },
}
