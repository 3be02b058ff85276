/**
 * A network of real nodes on this machine, and a gateway to it: what the switch of the page leads to in development. The
 * gateway lets pages in from anywhere, but reaches nothing but this machine's loopback addresses, and is bound to them.
 */
import { Gateway } from 'xorpc/gateway'
import { TutorialNode } from '../model/tutorial-node.js'
import type { LocalNetwork } from '../views/network-switch.js'

const HOST = '127.0.0.1'

/** Enough for lookups of more than one hop to be seen, few enough to start at once. */
const NODES = 30

export interface RunningNetwork {
  addresses: LocalNetwork
  close(): Promise<void>
}

export async function startLocalNetwork(count = NODES): Promise<RunningNetwork> {
  // A bootstrapper vouches for its port, so it has to be known before: one that the system gave just now is free.
  const probe = new TutorialNode({ host: HOST, bootstrap: [] })
  await probe.bind()
  const { port } = probe.serverSocket!.address()!
  await probe.destroy()
  const bootstrapper = TutorialNode.bootstrapper(port, HOST, { host: HOST, anyPort: false })
  const nodes = [bootstrapper]
  await bootstrapper.fullyBootstrapped()
  while (nodes.length < count) {
    const node = new TutorialNode({ host: HOST, bootstrap: [{ host: HOST, port }], ephemeral: false })
    nodes.push(node)
    await node.fullyBootstrapped()
  }
  const gateway = new Gateway({ host: HOST, allow: ['loopback'], origins: '*' })
  const { url } = await gateway.listen(0, HOST)
  return {
    addresses: { gateway: url, bootstrap: `${HOST}:${port}` },
    async close() {
      await gateway.close()
      await Promise.all(nodes.map((node) => node.destroy()))
    },
  }
}
