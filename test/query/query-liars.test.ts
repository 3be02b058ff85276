/** What nodes that name others at will can make a query send. */
import test, { type Assert } from 'brittle'
import type { Query } from '../../index.js'
import { parseIPv4 } from '../../lib/primitives/address.js'
import { idFromAddress } from '../../lib/primitives/id.js'
import type { Datagram } from '../../lib/simulation/index.js'
import { encodeResponse } from '../../lib/wire/response.js'
import { MINUTE, type Simulation } from '../helpers/simulation.js'
import { type ScriptedNode, startAsker } from './scripted-nodes.js'

const TARGET = idFromAddress('1.2.3.4', 5)
const MESSAGE = { target: TARGET, command: 7 }

/** A node that knows nobody, and others, which name nobody. */
async function create(t: Assert, count: number) {
  const world = await startAsker(t, count)
  for (const node of world.nodes) node.closer = []
  return world
}

/** Datagrams of a query to hosts that exist in no other way, while it runs and afterwards. */
async function sentTo(sim: Simulation, query: Query, isOurs: (datagram: Datagram) => boolean): Promise<number> {
  sim.record = true
  await sim.run(query.finished(), 10 * MINUTE)
  await sim.clock.advance(30_000)
  return sim.datagrams.filter(isOurs).length
}

test('W-S7: a liar that names 340 addresses makes us ask twenty of them, thrice each', async (t) => {
  const { sim, nodes, asker } = await create(t, 1)
  const lies = Array.from({ length: 320 }, (_, i) => ({ ip: parseIPv4('30.0.0.0') + i, port: 1000 + i }))
  nodes[0]!.answer = () => ({ closer: lies })
  const query = asker.query(MESSAGE, { nodes })
  const sent = await sentTo(sim, query, ({ toHost }) => toHost.startsWith('30.'))
  t.ok(sent > 0 && sent <= 60, `${sent} datagrams`)
  t.is(query.successes, 1)
})

test('W-S7: addresses that cannot be contacts, the liar, and what was asked before cost nothing', async (t) => {
  const { sim, nodes, asker } = await create(t, 2)
  const [liar, friend] = nodes as [ScriptedNode, ScriptedNode]
  const hosts = [
    '0.0.0.0',
    '0.1.2.3',
    '127.0.0.1',
    '10.0.0.1',
    '192.168.1.1',
    '172.16.0.1',
    '224.0.0.1',
    '255.255.255.255',
  ]
  liar.answer = () => ({
    closer: [
      ...hosts.map((host) => ({ ip: parseIPv4(host), port: 1000 })),
      { ip: parseIPv4('30.0.0.1'), port: 0 },
      { ip: parseIPv4(liar.host), port: liar.port },
      { ip: parseIPv4(friend.host), port: friend.port },
      { ip: parseIPv4(friend.host), port: friend.port },
    ],
  })
  const query = asker.query(MESSAGE, { nodes })
  const others = [liar.host, friend.host, sim.hostOf(asker)]
  const mine = sim.hostOf(asker)
  t.is(await sentTo(sim, query, ({ fromHost, toHost }) => fromHost === mine && !others.includes(toHost)), 0)
  t.alike([liar.asked.length, friend.asked.length, query.successes], [1, 1, 2])
})

test('W-S7: a liar of a thousand faces, each naming twenty more, is left after 240 asks', async (t) => {
  const { sim, nodes, asker } = await create(t, 1)
  const faces = new Set<string>()
  let serial = 0
  const name = () => ({ ip: parseIPv4('30.0.0.0') + ((serial++ * 7919) % 2 ** 24), port: 1000 })
  nodes[0]!.answer = () => ({ closer: Array.from({ length: 20 }, name) })
  sim.network.tap = (datagram) => {
    const { bytes, fromPort, fromHost, toHost: host, toPort: port } = datagram
    if (!host.startsWith('30.')) return sim.observe(datagram)
    faces.add(host)
    const response = encodeResponse({
      tid: bytes[2]! | (bytes[3]! << 8),
      ip: parseIPv4(fromHost),
      port: fromPort,
      id: null,
      token: null,
      closer: Array.from({ length: 20 }, name),
      error: 0,
      value: null,
    })
    sim.clock.after(40, () => asker.onmessage(asker.socket!, response, { host, port }))
    return false
  }
  const query = asker.query(MESSAGE, { nodes })
  await sim.run(query.finished(), 10 * MINUTE)
  t.ok(faces.size > 100 && faces.size < 240, `${faces.size} faces asked`)
  t.is(query.closestNodes.length, 1, 'none of them is a result: they had no valid id')
})
