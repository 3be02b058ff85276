/** Load on a server from another process: slices of it, with the CPU time of both sides, and their summary. */
import type { LoadResult } from '../children/node-client.js'
import { medianOf } from '../measurement.js'

/** One slice of load. */
export interface Slice extends LoadResult {
  serverCpuMicros: number
}

/** Figures of all slices of one load. */
export interface Load {
  /** Median over the slices: a slice in which something else had the processor does not count. */
  perSecond: number
  /** CPU time per request over all slices, in µs. */
  serverMicros: number
  clientMicros: number
}

interface Server {
  call(name: 'cpuMicros'): Promise<number>
}

/** Measures one slice. `load` returns when all its requests are answered. */
export async function measureSlice(server: Server, load: () => Promise<LoadResult>): Promise<Slice> {
  const cpuBefore = await server.call('cpuMicros')
  const result = await load()
  return { ...result, serverCpuMicros: (await server.call('cpuMicros')) - cpuBefore }
}

export function summarizeSlices(slices: Slice[]): Load {
  const sum = (field: 'requests' | 'serverCpuMicros' | 'clientCpuMicros') =>
    slices.reduce((total, slice) => total + slice[field], 0)
  return {
    perSecond: medianOf(slices.map(({ requests, seconds }) => requests / seconds)),
    serverMicros: sum('serverCpuMicros') / sum('requests'),
    clientMicros: sum('clientCpuMicros') / sum('requests'),
  }
}
