/**
 * One server, one client, a process each: requests per second, and CPU time of either side per request.
 *
 * Custom requests carry a target and a 32-byte value, and are answered with a value, a token and 20 closer nodes.
 * FIND_NODE has no call of its own in the API, so a bare socket sends it and only the server's side is measured.
 */
import type { NodeClient, RequestKind } from '../children/node-client.js'
import type { NodeServer } from '../children/node-server.js'
import type { RawClient } from '../children/raw-client.js'
import type { Measurement, Sample } from '../measurement.js'
import type { Plan } from '../plan.js'
import { type Child, startChild, withChildren } from '../process.js'
import { measureLoad } from './load.js'

/** As many as a node keeps under way when several lookups run, and below the default window of 80. */
const MANY = 64

interface Children {
  server: Child<NodeServer>
  client: Child<NodeClient>
  raw: Child<RawClient>
}

export const requests: Measurement = {
  name: 'requests',

  rows: () => [
    { id: 'rps-1', label: 'custom requests, 1 outstanding', unit: '1/s', better: 'higher' },
    { id: 'rps-many', label: `custom requests, ${MANY} outstanding`, unit: '1/s', better: 'higher' },
    { id: 'custom-server', label: 'custom request, server CPU', unit: 'µs', better: 'lower' },
    { id: 'custom-client', label: 'custom request, client CPU', unit: 'µs', better: 'lower' },
    { id: 'ping-server', label: 'ping, server CPU', unit: 'µs', better: 'lower' },
    { id: 'ping-client', label: 'ping, client CPU', unit: 'µs', better: 'lower' },
    { id: 'find-node-server', label: 'find-node, server CPU', unit: 'µs', better: 'lower' },
  ],

  async measure(subject, plan) {
    const server = startChild<NodeServer>('node-server')
    const client = startChild<NodeClient>('node-client')
    const raw = startChild<RawClient>('raw-client')
    return withChildren([server, client, raw], async () => {
      const address = await server.call('open', subject)
      await client.call('open', subject, address)
      await raw.call('open', address)
      return loadInTurn({ server, client, raw }, plan)
    })
  },
}

async function loadInTurn({ server, client, raw }: Children, plan: Plan): Promise<Sample> {
  const ask = (kind: RequestKind, outstanding: number) =>
    measureLoad(server, (ms) => client.call('load', kind, outstanding, ms), plan)
  const many = await ask('custom', MANY)
  const one = await ask('custom', 1)
  const ping = await ask('ping', MANY)
  const findNode = await measureLoad(server, (ms) => raw.call('load', MANY, ms), plan)
  return {
    'rps-1': one.perSecond,
    'rps-many': many.perSecond,
    'custom-server': many.serverMicros,
    'custom-client': many.clientMicros,
    'ping-server': ping.serverMicros,
    'ping-client': ping.clientMicros,
    'find-node-server': findNode.serverMicros,
  }
}
