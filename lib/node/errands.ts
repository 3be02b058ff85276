/** The small requests that a node makes for itself: checks, firewall probes, down hints. */
import { addressKey, parseIPv4 } from '../primitives/address.js'
import { hasCode } from '../primitives/errors.js'
import type { NodeInfo } from '../primitives/id.js'
import type { Client } from '../rpc/client.js'
import { createOutgoing, createSendOptions, type ExchangeHandler, type SendOptions } from '../rpc/exchange.js'
import type { DatagramSocket } from '../transport/contract.js'
import { COMMAND, encodeDownHint, encodePingNat } from '../wire/commands.js'
import type { ProbeAnswer } from './identity.js'

interface Place {
  host: string
  port: number
}

export interface ErrandsHost {
  /** Whether nothing may be sent now. */
  isClosed(): boolean
  client(): Client
  /** Both sockets and the port of the server socket; null before they are bound. */
  sockets(): { client: DatagramSocket; server: DatagramSocket; serverPort: number } | null
}

/** How internal requests are sent: three transmissions, timed by what is known of the network. */
const INTERNAL_SEND = createSendOptions({ retries: 2 })

/**
 * How a newcomer is asked: strangers cause these, with forged addresses too, so none holds a place in the window or is
 * repeated. Who missed it comes again.
 */
export const NEWCOMER_SEND = createSendOptions({ retries: 0, forced: true, timeoutMs: 1500 })

/** How the FIND_NODE of a lookup is sent: of 10,000 living nodes four lose both at 1 % loss each way. */
export const LOOKUP_SEND = createSendOptions({ retries: 1, lookup: true })

/** The same for a lookup that goes past the congestion window, and does not insist. */
export const FORCED_LOOKUP_SEND: SendOptions = { ...LOOKUP_SEND, retries: 0, forced: true }

const IGNORE: ExchangeHandler = { onReply() {}, onFailure() {} }

/** `silent`: no answer, or none with its id. `given-up`: we did not wait for one, as the node was closed meanwhile. */
export type PingOutcome = 'answered' | 'silent' | 'given-up'

export class Errands {
  readonly #host: ErrandsHost
  readonly #hintsPerTick: number
  #hintsSent = 0

  /** @param hintsPerTick most down hints between two calls of `onTick`; -1: unlimited */
  constructor(host: ErrandsHost, hintsPerTick: number) {
    this.#host = host
    this.#hintsPerTick = hintsPerTick
  }

  /** The budget of down hints begins anew. */
  onTick(): void {
    this.#hintsSent = 0
  }

  /** Asks a node whether it is there. */
  ping(node: NodeInfo, settled: (outcome: PingOutcome) => void, options: SendOptions = INTERNAL_SEND): void {
    this.#send(COMMAND.PING, node, node.id, null, options, {
      onReply: (reply) => settled(reply.from.id === null ? 'silent' : 'answered'),
      onFailure: (error) => settled(hasCode(error, 'REQUEST_TIMEOUT') ? 'silent' : 'given-up'),
    })
  }

  /** Whether anybody answers at this address. */
  answers(place: Place): Promise<boolean> {
    return new Promise((resolve) => {
      this.#send(COMMAND.PING, place, null, null, INTERNAL_SEND, {
        onReply: () => resolve(true),
        onFailure: () => resolve(false),
      })
    })
  }

  /** Has a node answer to our server socket, from which it never heard; null when no answer came. */
  pingNat(place: Place): Promise<ProbeAnswer | null> {
    const sockets = this.#host.sockets()
    if (sockets === null) return Promise.resolve(null)
    const { client, server, serverPort } = sockets
    const key = addressKey(parseIPv4(place.host), place.port)
    return new Promise((resolve) => {
      // Without the id: a firewall that swallows the answer is no fault of the node asked.
      const options = createSendOptions({ ...INTERNAL_SEND, socket: client })
      this.#send(COMMAND.PING_NAT, place, null, encodePingNat(serverPort), options, {
        onReply: (reply, socket) => resolve({ key, onServerSocket: socket === server, toKey: reply.toKey }),
        onFailure: () => resolve(null),
      })
    })
  }

  /** Tells `place` that a node it named does not answer, within the budget of the tick. */
  hint(place: Place, dead: { ip: number; port: number }): void {
    if (this.#hintsPerTick !== -1 && this.#hintsSent >= this.#hintsPerTick) return
    this.#hintsSent++
    this.#send(COMMAND.DOWN_HINT, place, null, encodeDownHint(dead.ip, dead.port), INTERNAL_SEND, IGNORE)
  }

  #send(
    command: number,
    { host, port }: Place,
    id: Uint8Array | null,
    value: Uint8Array | null,
    options: SendOptions,
    handler: ExchangeHandler,
  ): void {
    if (this.#host.isClosed()) {
      handler.onFailure(new Error('The node is closed'))
      return
    }
    const ip = parseIPv4(host)
    const message = createOutgoing({ host, ip, port }, id, { internal: true, command, target: null, value }, null)
    try {
      this.#host.client().send(message, options, handler)
    } catch (error) {
      // QUEUE_FULL: an errand is not worth more than that, and whoever caused it may be inside a timer.
      handler.onFailure(error as Error)
    }
  }
}
