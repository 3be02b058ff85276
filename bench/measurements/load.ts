/** Load on a server from another process: warm-up, then the measured part, with the CPU time of both sides. */
import type { LoadResult } from '../children/node-client.js'
import type { Plan } from '../plan.js'

/** Figures of one load. */
export interface Load {
  perSecond: number
  /** CPU time per request, in µs. */
  serverMicros: number
  clientMicros: number
}

interface Server {
  call(name: 'cpuMicros'): Promise<number>
}

/** Runs a load twice, the first time to warm up. `load` returns when all its requests are answered. */
export async function measureLoad(
  server: Server,
  load: (ms: number) => Promise<LoadResult>,
  plan: Plan,
): Promise<Load> {
  await load(plan.warmUpMs)
  const cpuBefore = await server.call('cpuMicros')
  const { requests, seconds, clientCpuMicros } = await load(plan.loadMs)
  const serverCpuMicros = (await server.call('cpuMicros')) - cpuBefore
  return {
    perSecond: requests / seconds,
    serverMicros: serverCpuMicros / requests,
    clientMicros: clientCpuMicros / requests,
  }
}
