/** A datagram on its way: an event of the clock, so that it needs no closure and no timer of its own. */
import { VirtualEvent } from '../primitives/virtual-clock.js'
import type { SimulatedHost } from './host.js'

/** A datagram as the network sees it: behind the sender's NAT, before the receiver's. */
export interface Datagram {
  /** Read only. */
  readonly bytes: Uint8Array
  readonly fromHost: string
  readonly fromPort: number
  readonly toHost: string
  readonly toPort: number
}

export class InFlight extends VirtualEvent implements Datagram {
  readonly #deliver: (inFlight: InFlight) => boolean
  /** The host it comes from; null: forged by nobody in particular. */
  from: SimulatedHost | null
  readonly fromHost: string
  readonly fromPort: number
  readonly toHost: string
  readonly toPort: number
  bytes: Uint8Array

  constructor(
    deliver: (inFlight: InFlight) => boolean,
    from: SimulatedHost | null,
    fromHost: string,
    fromPort: number,
    toHost: string,
    toPort: number,
    bytes: Uint8Array,
  ) {
    super()
    this.#deliver = deliver
    this.from = from
    this.fromHost = fromHost
    this.fromPort = fromPort
    this.toHost = toHost
    this.toPort = toPort
    this.bytes = bytes
  }

  /** Nobody is left to get it. */
  override get isMoot(): boolean {
    return true
  }

  copy(): InFlight {
    const { from, fromHost, fromPort, toHost, toPort, bytes } = this
    return new InFlight(this.#deliver, from, fromHost, fromPort, toHost, toPort, bytes)
  }

  fire(): boolean {
    return this.#deliver(this)
  }
}
