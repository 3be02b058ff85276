/**
 * A host that is run by user code, and bound by no rules of the protocol: it sees the bytes that come in on a port, and
 * sends whatever it likes, from whatever address it claims.
 */
import type { DatagramSocket } from '../transport/contract.js'
import { checkDatagram } from './arguments.js'
import type { SimulatedHost } from './host.js'
import type { SimulatedNetwork } from './network.js'

/** An address and a port. */
export interface Endpoint {
  host: string
  port: number
}

/** Gets what arrives; `bytes` are valid during the call only. */
export type OnHostileDatagram = (bytes: Uint8Array, from: Endpoint, host: HostileHost) => void

/**
 * An attacker's machine.
 *
 * @example
 * // Answers everything with nonsense.
 * const mallory = await sim.hostileHost((bytes, from, host) => host.send(sim.random.bytes(50), from))
 * node.addNode(mallory.endpoint)
 */
export class HostileHost {
  /** The machine, to kill or move it. */
  readonly host: SimulatedHost
  /** Datagrams that came in. */
  received = 0
  readonly #network: SimulatedNetwork
  readonly #socket: DatagramSocket

  private constructor(host: SimulatedHost, network: SimulatedNetwork, socket: DatagramSocket) {
    this.host = host
    this.#network = network
    this.#socket = socket
  }

  /** @internal: use `sim.hostileHost()`. */
  static async create(
    host: SimulatedHost,
    network: SimulatedNetwork,
    port: number,
    onDatagram: OnHostileDatagram,
  ): Promise<HostileHost> {
    const socket = await host.transport.bind(port, '0.0.0.0', (bytes, fromHost, fromPort) => {
      hostile.received++
      onDatagram(bytes, { host: fromHost, port: fromPort }, hostile)
    })
    const hostile = new HostileHost(host, network, socket)
    return hostile
  }

  /** Where it listens. */
  get endpoint(): Endpoint {
    return { host: this.host.address, port: this.#socket.address()?.port ?? 0 }
  }

  /** Sends a datagram. The bytes are copied. @throws TypeError or RangeError for an address that is none */
  send(bytes: Uint8Array, to: Endpoint): void {
    checkDatagram(bytes, { to })
    this.#socket.trySend(Uint8Array.from(bytes), to.port, to.host)
  }

  /**
   * Sends a datagram that claims to come from somebody else. The answer, if there is one, goes there.
   *
   * @throws TypeError or RangeError for addresses that are none
   */
  forge(bytes: Uint8Array, from: Endpoint, to: Endpoint): void {
    this.#network.inject({ from, to, bytes }, this.host)
  }

  /** Closes its port: nothing comes in any more. Idempotent. */
  close(): Promise<void> {
    return this.#socket.close()
  }
}
