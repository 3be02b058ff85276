/** The network of a node that is given none, where there is no UDP: browsers. Chosen by the condition of `#transport`. */
import type { Transport } from './contract.js'
import type { NetworkOptions } from './default-udp.js'

/** @throws TypeError when the options name no gateway */
export function createDefaultTransport(_options: NetworkOptions): Transport {
  throw new TypeError('no UDP here: pass gateway or transport')
}
