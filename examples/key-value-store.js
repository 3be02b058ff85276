/**
 * A store that strangers can share: a value lies under the hash of itself, so whoever reads it can check it, and
 * nobody can put anything else under that key.
 *
 *     node examples/key-value-store.js
 */
import { createHash } from 'node:crypto'
import { DHTError } from 'xorpc'
import { startNetwork } from './local-network.js'

const PUT = 0
const GET = 1

/** Errors of this application; numbers below 16 belong to the protocol. */
const WRONG_KEY = 16

/** Values come from strangers, so what a node keeps needs a limit. Small, to be reached here. */
const MAX_VALUES = 8

const hash = (value) => createHash('sha256').update(value).digest()

/** By node; only for the numbers printed below. */
const stores = new Map()

function serve(node) {
  const values = new Map()
  stores.set(node, values)
  node.on('request', (req) => {
    const key = Buffer.from(req.target ?? []).toString('hex')
    if (req.command === GET) return req.reply(values.get(key))
    // Without a token it is the walk to the closest nodes. Storing is only for senders who proved, by the token,
    // that they receive at their address: a forged one could fill other people's disks.
    if (req.token !== null) {
      if (req.value === null || !hash(req.value).equals(req.target)) return req.error(WRONG_KEY)
      values.delete(key) // put again at the end: it is the youngest now
      values.set(key, req.value)
      if (values.size > MAX_VALUES) values.delete(values.keys().next().value) // the oldest goes
    }
    return req.reply()
  })
}

async function put(node, value, key = hash(value)) {
  const query = node.query({ target: key, command: PUT, value }, { commit: true })
  await query.finished() // rejects when no node took it
  return { key, copies: query.commits.filter(({ ok }) => ok).length }
}

async function get(node, key) {
  for await (const { value } of node.query({ target: key, command: GET })) {
    if (value !== null && hash(value).equals(key)) return value // whoever sent it, it is the right one
  }
  return null
}

const network = await startNetwork(20, serve)
const [, writer, reader] = network.nodes

const { key, copies } = await put(writer, Buffer.from('hello network'))
console.log(`put: ${copies} copies under ${key.toString('hex', 0, 8)}…`)
console.log(`get: "${Buffer.from(await get(reader, key))}"`)
console.log(`get of what nobody put: ${await get(reader, hash('nothing'))}`)

try {
  await put(writer, Buffer.from('not what the key says'), key)
} catch (error) {
  if (!(error instanceof DHTError)) throw error
  console.log(`put under a foreign key: ${error.code}, because of ${String(error.cause)}`)
}

const [holder] = network.nodes
const { error } = await writer.request({ command: PUT, target: hash('sneaky'), value: Buffer.from('sneaky') }, holder)
console.log(`put without a token: error ${error}, stored: ${stores.get(holder).has(hash('sneaky').toString('hex'))}`)

for (let i = 0; i < 2 * MAX_VALUES; i++) await put(writer, Buffer.from(`value ${i}`))
console.log(`after ${2 * MAX_VALUES} more: the first node keeps ${stores.get(holder).size} values`)

await network.destroy()
