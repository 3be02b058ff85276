/** Networks of HyperDHT nodes and of ours with records, on the loopback interface. */
import type { Assert } from 'brittle'
import { DHT } from '../../../index.js'
import { Records, type RecordsOptions } from '../../../lib/records/index.js'
import { installation } from '../../../bench/hyperdht/installation.js'
import type { HyperDHT } from '../../../bench/hyperdht/packages.js'
import { freePort } from '../../helpers/nodes.js'

const HOST = '127.0.0.1'

/** Order of teardown: clients first, then the network. */
const LAST = 2

export type Member = 'hyperdht' | 'records'

export interface Network {
  bootstrap: { host: string; port: number }[]
  records: Records[]
}

/** A persistent network of these members, behind one of the first kind. */
export async function startNetwork(t: Assert, members: readonly Member[]): Promise<Network> {
  const network: Network = { bootstrap: [], records: [] }
  for (const [i, member] of members.entries()) {
    const options = { bootstrap: network.bootstrap, host: HOST, ephemeral: false, firewalled: false }
    const port = i === 0 ? await freePort() : 0
    if (member === 'records') {
      const node = i === 0 ? DHT.bootstrapper(port, HOST, { host: HOST }) : new DHT(options)
      network.records.push(await ready(t, node, {}, LAST))
    } else {
      const { HyperDHT } = await installation('dht-rpc')
      const node = i === 0 ? HyperDHT.bootstrapper(port, HOST, { host: HOST }) : new HyperDHT(options)
      t.teardown(() => node.destroy({ force: true }), { order: LAST })
      await node.fullyBootstrapped()
    }
    if (i === 0) network.bootstrap = [{ host: HOST, port }]
  }
  return network
}

/** A client of ours, which holds nothing. */
export function startRecords(t: Assert, { bootstrap }: Network, options: RecordsOptions = {}): Promise<Records> {
  return ready(t, new DHT({ bootstrap, host: HOST, ephemeral: true }), { serve: false, ...options }, 1)
}

/** A client of HyperDHT's, which holds nothing. */
export async function startHyperdht(t: Assert, { bootstrap }: Network): Promise<HyperDHT> {
  const node = new (await installation('dht-rpc')).HyperDHT({ bootstrap, host: HOST })
  t.teardown(() => node.destroy({ force: true }), { order: 1 })
  await node.fullyBootstrapped()
  return node
}

async function ready(t: Assert, node: DHT, options: RecordsOptions, order: number): Promise<Records> {
  const records = new Records(node, options)
  t.teardown(
    async () => {
      await records.close()
      await node.destroy()
    },
    { order },
  )
  await node.fullyBootstrapped()
  return records
}

export function repeat(member: Member, count: number): Member[] {
  return Array.from({ length: count }, () => member)
}

export function alternate(count: number): Member[] {
  return Array.from({ length: count }, (_, i) => (i % 2 === 0 ? 'hyperdht' : 'records'))
}
