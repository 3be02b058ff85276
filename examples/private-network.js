/**
 * A network of one's own, and a member of it that finds back without its bootstrap node.
 *
 *     node examples/private-network.js
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import DHT from 'xorpc'
import { FileContactStore } from 'xorpc/contact-store'
import { createTestnet } from 'xorpc/testnet'

// Whoever has it is in. It keeps networks apart; datagrams are no secret, so encrypt what should be one.
const networkId = 'example of xorpc'

const testnet = await createTestnet(25, { create: (options) => new DHT({ ...options, networkId }) })
const folder = await mkdtemp(join(tmpdir(), 'xorpc-'))
try {
  const { nodes, bootstrap } = testnet
  const options = { bootstrap, host: '127.0.0.1', ephemeral: true }

  // Same host, same bootstrap node, but of the public network: neither hears the other.
  const stranger = new DHT(options)
  await stranger.fullyBootstrapped()
  console.log(`a stranger knows ${stranger.table.size} nodes`)
  await stranger.destroy()

  // A file of its own for each node. Saved every five minutes, on suspend and on destroy.
  const contactStore = new FileContactStore(join(folder, 'contacts.json'))
  const member = new DHT({ ...options, networkId, contactStore })
  await member.fullyBootstrapped()
  await member.findNode(Buffer.alloc(32)).finished()
  const { nodes: size, low, high } = member.networkSize ?? { nodes: 0, low: 0, high: 0 }
  console.log(`a member knows ${member.table.size}, and that there are ${low} to ${high}, say ${size}`)
  await member.destroy()

  // The only node that is written down anywhere is gone.
  await nodes[0].destroy()

  const restarted = new DHT({ ...options, networkId, contactStore })
  restarted.on('contact-store-error', (error, operation) => console.log(operation, error.message))
  await restarted.fullyBootstrapped()
  const query = restarted.findNode(Buffer.alloc(32, 1))
  await query.finished()
  console.log(`started again: ${restarted.stats.contactStore.loaded > 0}, finds ${query.closestNodes.length} nodes`)
  await restarted.destroy()
} finally {
  await testnet.destroy()
  await rm(folder, { recursive: true })
}
