/** Requests of ours as the rpc layer sees them, for tests that care about one field or two. */
import { parseIPv4 } from '../../lib/primitives/address.js'
import type { Outgoing, SendOptions } from '../../lib/rpc/exchange.js'

/** A PING to port 10001 of 20.0.0.1, on a virtual network. */
export function outgoing(fields: Partial<Outgoing> = {}): Outgoing {
  const host = fields.host ?? '20.0.0.1'
  return {
    host,
    port: 10001,
    ip: parseIPv4(host),
    id: null,
    internal: true,
    command: 0,
    token: null,
    target: null,
    value: null,
    ...fields,
  }
}

/** Four transmissions, timed by round trips. */
export function sendOptions(fields: Partial<SendOptions> = {}): SendOptions {
  return {
    retries: 3,
    timeoutMs: 0,
    ttl: 0,
    socket: null,
    relayed: false,
    forced: false,
    lookup: false,
    group: null,
    ...fields,
  }
}
