/** The network of a node that is given none, where there is UDP. Chosen by the condition of `#transport`. */
import type { Transport } from './contract.js'
import { createUdpTransport } from './udp.js'
import type { Udx } from './udx.js'

/** What the options of a node say about its network. */
export interface NetworkOptions {
  udx?: Udx | undefined
}

/** @throws TypeError when the options ask for what cannot be had here */
export function createDefaultTransport({ udx }: NetworkOptions): Transport {
  return createUdpTransport(udx ?? undefined)
}
