/** The world a node lives in: network, time and randomness; the machine's own unless the options bring others. */
import { type Clock, systemClock } from '../primitives/clock.js'
import { type Random, systemRandom } from '../primitives/random.js'
import type { Transport } from '../transport/contract.js'
import { createDefaultTransport } from '#transport'
import type { DHTOptions } from './options.js'

export interface Platform {
  transport: Transport
  clock: Clock
  random: Random
}

export function platformOf(options: DHTOptions): Platform {
  const { transport, clock, random } = options
  return {
    transport: transport ?? createDefaultTransport(options),
    clock: clock ?? systemClock,
    random: random ?? systemRandom,
  }
}
