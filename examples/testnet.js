/**
 * Testing an application of your own: a network of real nodes on this machine, some of which go without a word.
 *
 *     node examples/testnet.js
 *
 * In a test runner it is the same with `teardown`, which destroys the network when the test is over, however it ends:
 *
 *     const testnet = await createTestnet(30, { create, teardown: t.teardown }) // brittle
 *     const testnet = await createTestnet(30, { create, teardown: (destroy) => t.after(destroy) }) // node:test
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import DHT from 'xorpc'
import { createTestnet } from 'xorpc/testnet'

// The application: nodes that keep notes under their hash.

const PUT = 0
const GET = 1
const WRONG_KEY = 16

const hash = (bytes) => createHash('sha256').update(bytes).digest()

class NoteNode extends DHT {
  /** A real application bounds this. */
  notes = new Map()

  onrequest(req) {
    const key = Buffer.from(req.target ?? []).toString('hex')
    if (req.command === GET) return req.reply(this.notes.get(key))
    if (req.token === null) return req.reply() // the walk to the closest nodes; with a token it is the commit
    if (req.value === null || !hash(req.value).equals(req.target)) return req.error(WRONG_KEY)
    this.notes.set(key, req.value)
    return req.reply()
  }

  async put(text, key = hash(text)) {
    await this.query({ target: key, command: PUT, value: Buffer.from(text) }, { commit: true }).finished()
    return key
  }

  async get(key) {
    for await (const { value } of this.query({ target: key, command: GET })) {
      if (value !== null && hash(value).equals(key)) return Buffer.from(value).toString()
    }
    return null
  }
}

// Its test.

const testnet = await createTestnet(30, { create: (options) => new NoteNode(options) })
try {
  const { nodes, bootstrap } = testnet
  console.log(`${nodes.length} nodes, bootstrap ${bootstrap[0].host}:${bootstrap[0].port}`)

  const key = await nodes[3].put('buy milk')
  const keepers = nodes.filter((node) => node.notes.has(key.toString('hex')))
  assert.equal(keepers.length, 20)
  console.log('ok: a note is kept by 20 nodes')

  // createNode joins it to the network, and its end is the network's: { ephemeral: true } is what most users run.
  const user = await testnet.createNode({ ephemeral: true })
  assert.equal(await user.get(key), 'buy milk')
  console.log('ok: somebody new reads it')

  await assert.rejects(user.put('buy beer', key), { code: 'COMMIT_FAILED' })
  console.log('ok: nobody can replace it')

  // No goodbye: to others they just fall silent. The last ones, since the first may be the bootstrapper.
  await Promise.all(keepers.slice(-10).map((node) => node.destroy()))
  assert.equal(await user.get(key), 'buy milk')
  console.log('ok: it outlives half of its keepers')

  // The application as it runs elsewhere, which knows nothing of tests but where to join.
  const node = new NoteNode({ bootstrap, host: '127.0.0.1' })
  await node.fullyBootstrapped()
  assert.equal(await node.get(key), 'buy milk')
  assert.equal(await node.get(hash('nothing')), null)
  await node.destroy()
  console.log('ok: a node with default options finds it too')
} finally {
  await testnet.destroy()
}
console.log(`destroyed: ${testnet.nodes.every((node) => node.destroyed)}`)
