/** Gateways in a simulated network, and nodes behind them, all on virtual time. */
import type { Assert } from 'brittle'
import type { DHT, DHTOptions, GatewayOptions, GatewayStatus } from '../../index.js'
import { type GatewayServerOptions, parseGatewayServerOptions } from '../../lib/gateway/options.js'
import { TunnelServer } from '../../lib/gateway/tunnel-server.js'
import { Simulation } from '../../lib/simulation/index.js'
import { MemoryLinks } from './memory-links.js'

export const MINUTE = 60_000

export interface SimulatedGateway {
  url: string
  /** Address of its host. */
  host: string
  server: TunnelServer
}

export interface GatewayedNode {
  node: DHT
  /** Its statuses, in order. */
  statuses: GatewayStatus[]
}

export class GatewayWorld {
  readonly sim: Simulation
  readonly links: MemoryLinks
  readonly gateways: SimulatedGateway[] = []

  constructor(t: Assert, seed = 1) {
    this.sim = new Simulation({ seed, network: { latency: 20, jitter: 0, loss: 0 } })
    this.links = new MemoryLinks(this.sim.clock)
    t.teardown(async () => {
      await this.sim.destroy()
      for (const { server } of this.gateways) await server.close()
    })
  }

  /** A gateway on a host of its own. */
  addGateway(options: GatewayServerOptions = {}): SimulatedGateway {
    const { clock, network, random } = this.sim
    const host = network.createHost()
    const config = parseGatewayServerOptions({
      transport: host.transport,
      clock,
      random,
      connectionsPerMinute: Infinity,
      ...options,
    })
    const events = { onSession() {}, onEnd() {} }
    const server = new TunnelServer(config, events, (fn) => void clock.after(0, fn))
    const gateway = { url: `wss://gateway-${this.gateways.length}.example`, host: host.address, server }
    this.gateways.push(gateway)
    this.links.servers.set(gateway.url, server)
    return gateway
  }

  /** A node behind gateways, all of them where nothing else is said; not joined yet. */
  createNode(options: DHTOptions = {}, gatewayOptions: Partial<GatewayOptions> = {}): GatewayedNode {
    const statuses: GatewayStatus[] = []
    const gateway: GatewayOptions = {
      url: this.gateways.map(({ url }) => url),
      openLink: this.links.open,
      onStatus: (status) => void statuses.push(status),
      ...gatewayOptions,
    }
    const node = this.sim.createNode({ gateway, transport: undefined, ...options })
    return { node, statuses }
  }

  /** A persistent node behind the gateways, in a network of this many others. */
  async start(others: number, gatewayOptions: Partial<GatewayOptions> = {}): Promise<GatewayedNode> {
    await this.sim.startNodes(others)
    const gatewayed = this.createNode({ ephemeral: false }, gatewayOptions)
    await this.sim.run(gatewayed.node.fullyBootstrapped())
    await this.sim.run(this.persistent(gatewayed.node))
    return gatewayed
  }

  /** Resolves when the node is persistent. */
  persistent(node: DHT): Promise<void> {
    return node.ephemeral ? new Promise((resolve) => node.once('persistent', () => resolve())) : Promise.resolve()
  }
}
