/** What the examples run on: a bootstrapper and some nodes on free ports of 127.0.0.1. Nothing leaves this machine. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import DHT from 'xorpc'

export const HOST = '127.0.0.1'

/** Nodes that join at the same time: enough to be quick, few enough that each finds those before it. */
const BATCH = 10

/** A UDP port that is free now. */
export async function freePort() {
  const socket = createSocket('udp4').bind(0, HOST)
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.close()
  await once(socket, 'close')
  return port
}

/**
 * Starts a network.
 *
 * @param {number} size nodes beside the bootstrapper
 * @param {(node: DHT) => void} [setUp] called with every node of it before it joins, also the bootstrapper and later ones
 * @param {{ port?: number }} [options] `port` of the bootstrapper; 0 (default): a free one
 */
export async function startNetwork(size, setUp = () => {}, options = {}) {
  const port = options.port || (await freePort())
  // Others join through it, so its address is known beforehand. A real one has a public address and a fixed port.
  const bootstrapper = DHT.bootstrapper(port, HOST, { host: HOST })
  setUp(bootstrapper)
  await bootstrapper.fullyBootstrapped()
  const nodes = [bootstrapper]

  /** One more node. It has joined when `fullyBootstrapped()` resolves. */
  function createNode() {
    // ephemeral: false = be in routing tables at once; by default a node waits until its address proved stable.
    const node = new DHT({ host: HOST, bootstrap: [`${HOST}:${port}`], ephemeral: false })
    setUp(node)
    nodes.push(node)
    return node
  }

  while (nodes.length <= size) {
    const batch = Array.from({ length: Math.min(BATCH, size + 1 - nodes.length) }, createNode)
    await Promise.all(batch.map((node) => node.fullyBootstrapped()))
  }

  return { nodes, createNode, destroy: () => Promise.all(nodes.map((node) => node.destroy())) }
}
