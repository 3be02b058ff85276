/** The same exchange between two bare UDX sockets: what the transport and the system cost without any DHT. */
import type { RawClient } from '../children/raw-client.js'
import type { RawServer } from '../children/raw-server.js'
import type { Row, Sample } from '../measurement.js'
import type { Plan } from '../plan.js'
import { type Child, startChild, withChildren } from '../process.js'
import { type Load, measureSlice, type Slice, summarizeSlices } from './load.js'

export const floorRows: Row[] = [
  { id: 'floor-rps-1', label: 'bare udx echo, 1 outstanding', unit: '1/s', better: 'higher' },
  { id: 'floor-rps-many', label: 'bare udx echo, 64 outstanding', unit: '1/s', better: 'higher' },
  { id: 'floor-server', label: 'bare udx echo, server CPU', unit: 'µs', better: 'lower' },
  { id: 'floor-client', label: 'bare udx echo, client CPU', unit: 'µs', better: 'lower' },
]

/** Measures once. Neither implementation takes part. */
export function measureFloor(plan: Plan): Promise<Sample> {
  const server = startChild<RawServer>('raw-server')
  const client = startChild<RawClient>('raw-client')
  return withChildren([server, client], async () => {
    await client.call('open', await server.call('open'))
    const many = await measureLoad(server, client, 64, plan)
    const one = await measureLoad(server, client, 1, plan)
    return {
      'floor-rps-1': one.perSecond,
      'floor-rps-many': many.perSecond,
      'floor-server': many.serverMicros,
      'floor-client': many.clientMicros,
    }
  })
}

async function measureLoad(
  server: Child<RawServer>,
  client: Child<RawClient>,
  outstanding: number,
  plan: Plan,
): Promise<Load> {
  await client.call('load', outstanding, plan.warmUpMs)
  const slices: Slice[] = []
  while (slices.length < plan.slices) {
    slices.push(await measureSlice(server, () => client.call('load', outstanding, plan.sliceMs)))
  }
  return summarizeSlices(slices)
}
