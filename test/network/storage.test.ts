/** A value is where it belongs, and stays readable while some of those who keep it live. */
import test from 'brittle'
import type { DHT } from '../../index.js'
import { areInOrder, startNetwork, trueClosest } from './simulated.js'

const PUT = 0
const GET = 1
const LOST = 8

/** Makes the node keep values; returns them, by hex key. */
function keepValues(node: DHT): Map<string, Uint8Array> {
  const values = new Map<string, Uint8Array>()
  node.on('request', (req) => {
    const key = Buffer.from(req.target!).toString('hex')
    if (req.command === GET) return req.reply(values.get(key))
    if (req.token !== null) values.set(key, req.value!)
    return req.reply()
  })
  return values
}

async function read(node: DHT, target: Uint8Array): Promise<string | null> {
  for await (const { value } of node.query({ target, command: GET })) {
    if (value !== null) return Buffer.from(value).toString()
  }
  return null
}

test('network: a commit reaches the 20 closest and outlives the loss of 8', async (t) => {
  const stores = new Map<DHT, Map<string, Uint8Array>>()
  const { sim, nodes } = await startNetwork(t, 100)
  const { random } = sim
  for (const node of nodes) stores.set(node, keepValues(node))
  const target = random.bytes(32)
  const key = Buffer.from(target).toString('hex')
  const writer = nodes[random.below(nodes.length)]!

  const query = writer.query({ target, command: PUT, value: Buffer.from('kept') }, { commit: true })
  await sim.run(query.finished())
  const closest = trueClosest(nodes, target, writer)
  t.ok(areInOrder(query.closestNodes, closest), 'committed to the 20 closest')
  t.is(query.commits.filter(({ ok }) => ok).length, 20, 'all accepted')
  const holders = nodes.filter((node) => stores.get(node)!.has(key))
  t.alike(new Set(holders), new Set(closest), 'kept by these, and by no others')

  const gone = closest.filter((_, i) => i % 2 === 0).slice(0, LOST)
  await sim.run(Promise.all(gone.map((node) => node.destroy())))
  const readers = nodes.filter((node) => !closest.includes(node))
  let found = 0
  for (const node of readers) if ((await sim.run(read(node, target))) === 'kept') found++
  t.is(found, readers.length, `all ${readers.length} others read it without the ${LOST}`)
})

test('network: a commit that nobody accepts fails', async (t) => {
  const { sim, nodes } = await startNetwork(t, 30)
  for (const node of nodes) node.on('request', (req) => (req.token === null ? req.reply() : req.error(16)))
  const query = nodes[1]!.query({ target: sim.random.bytes(32), command: PUT }, { commit: true })
  await t.exception(sim.run(query.finished()), { code: 'COMMIT_FAILED' })
})
