// A network on this machine, for the chapters from 7 on.
import { createHash } from 'node:crypto'
import DHT from 'xorpc'

/** The bootstrapper's port; the other nodes take those that follow. Set TUTORIAL_PORT when one of them is taken. */
export const PORT = Number(process.env.TUTORIAL_PORT ?? 23400)

/** Nodes that join at a time. */
const BATCH = 10

/**
 * Starts a bootstrapper and more nodes, `count` in all.
 *
 * @param setup called with every node before it is on the network
 */
export async function startNetwork(count, setup = (_node) => {}) {
  const bootstrapper = DHT.bootstrapper(PORT, '127.0.0.1', { host: '127.0.0.1' })
  setup(bootstrapper)
  await bootstrapper.fullyBootstrapped()
  const nodes = [bootstrapper]
  await growNetwork(nodes, count, setup)
  return nodes
}

/** Adds persistent nodes until there are `count`. */
export async function growNetwork(nodes, count, setup = (_node) => {}) {
  while (nodes.length < count) {
    const size = Math.min(BATCH, count - nodes.length)
    const batch = Array.from({ length: size }, (_, i) => persistentNode(PORT + nodes.length + i))
    batch.forEach(setup)
    nodes.push(...batch)
    await Promise.all(batch.map((node) => node.fullyBootstrapped()))
  }
}

/** On this port and no other: the id is the hash of the address, and is to be the same on every run. */
function persistentNode(port) {
  return new DHT({
    host: '127.0.0.1',
    port: [port, port + 1],
    anyPort: false,
    bootstrap: [{ host: '127.0.0.1', port: PORT }],
    ephemeral: false,
  })
}

/** A visitor: asks, but is in nobody's table. */
export async function startVisitor() {
  const node = new DHT({ host: '127.0.0.1', bootstrap: [{ host: '127.0.0.1', port: PORT }], ephemeral: true })
  await node.fullyBootstrapped()
  return node
}

export async function stop(nodes) {
  await Promise.all(nodes.map((node) => node.destroy()))
}

/** Where a key lives: its SHA-256, which has the 32 bytes of an id. */
export function hash(key) {
  return createHash('sha256').update(key).digest()
}

/** Distance of two ids: XOR of the two, read as numbers. */
export function distance(a, b) {
  return toNumber(a) ^ toNumber(b)
}

/** Bits that two ids have in common before the first that differs. */
export function sharedBits(a, b) {
  const gap = distance(a, b)
  return gap === 0n ? 256 : 256 - gap.toString(2).length
}

function toNumber(id) {
  return BigInt(`0x${Buffer.from(id).toString('hex')}`)
}
