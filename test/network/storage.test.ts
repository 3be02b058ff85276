/** A value is where it belongs, and stays readable while some of those who keep it live. */
import test from 'brittle'
import type { DHT } from '../../index.js'
import { areInOrder, startNetwork, trueClosest } from './network.js'
import { seededRandom } from '../helpers/contacts.js'

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

test('network: a commit reaches the 20 closest and outlives the loss of 8', { timeout: 120_000 }, async (t) => {
  const stores = new Map<DHT, Map<string, Uint8Array>>()
  const { nodes } = await startNetwork(t, 100, { setUp: (node) => stores.set(node, keepValues(node)) })
  const seed = Math.floor(Math.random() * 2 ** 32)
  t.comment(`seed ${seed}`)
  const random = seededRandom(seed)
  const target = random.bytes(32)
  const key = Buffer.from(target).toString('hex')
  const writer = nodes[random.below(nodes.length)]!

  const query = writer.query({ target, command: PUT, value: Buffer.from('kept') }, { commit: true })
  await query.finished()
  const closest = trueClosest(nodes, target, writer)
  t.ok(areInOrder(query.closestNodes, closest), 'committed to the 20 closest')
  t.is(query.commits.filter(({ ok }) => ok).length, 20, 'all accepted')
  const holders = nodes.filter((node) => stores.get(node)!.has(key))
  t.alike(new Set(holders), new Set(closest), 'kept by these, and by no others')

  const gone = closest.filter((_, i) => i % 2 === 0).slice(0, LOST)
  await Promise.all(gone.map((node) => node.destroy()))
  const readers = nodes.filter((node) => !closest.includes(node))
  let found = 0
  for (const node of readers) if ((await read(node, target)) === 'kept') found++
  t.is(found, readers.length, `all ${readers.length} others read it without the ${LOST}`)
})

test('network: a commit that nobody accepts fails', { timeout: 60_000 }, async (t) => {
  const refuse = (node: DHT): void => {
    node.on('request', (req) => (req.token === null ? req.reply() : req.error(16)))
  }
  const { nodes } = await startNetwork(t, 30, { setUp: refuse })
  const query = nodes[1]!.query({ target: seededRandom(1).bytes(32), command: PUT }, { commit: true })
  await t.exception(query.finished(), { code: 'COMMIT_FAILED' })
})
