/** The world a node lives in: network, time and randomness; the machine's own unless the options bring others. */
import { type Clock, systemClock } from '../primitives/clock.js'
import { type Random, systemRandom } from '../primitives/random.js'
import type { Transport } from '../transport/contract.js'
import { parseGatewayOptions } from '../transport/tunnel/options.js'
import { createGatewayTransport } from '../transport/websocket.js'
import { createDefaultTransport } from '#transport'
import { openWebSocket, requireWebSocket } from '#websocket'
import type { DHTOptions } from './options.js'

export interface Platform {
  transport: Transport
  clock: Clock
  random: Random
}

export function platformOf(options: DHTOptions): Platform {
  const clock = options.clock ?? systemClock
  const random = options.random ?? systemRandom
  return { transport: options.transport ?? transportOf(options, clock, random), clock, random }
}

/**
 * @throws TypeError or RangeError for a gateway that makes no sense, where there is neither a gateway nor UDP, and where
 *   there is a gateway and no WebSocket
 */
function transportOf(options: DHTOptions, clock: Clock, random: Random): Transport {
  const { gateway } = options
  if (gateway === undefined || gateway === null) return createDefaultTransport(options)
  const config = parseGatewayOptions(gateway)
  if (config.openLink === null) requireWebSocket()
  return createGatewayTransport({ config, clock, random, openLink: openWebSocket })
}
