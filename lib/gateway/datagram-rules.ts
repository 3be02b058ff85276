/**
 * What a gateway lets through: datagrams of this protocol, of the public network or a private one, and nothing else.
 * Pure.
 *
 * Whoever runs a gateway lends its address to strangers. What leaves here can be read by no other service than a node:
 * it decodes as a request or a response, whole. (The seal of a private network hides nothing, so what lies behind it is
 * looked at, too.)
 */
import { COMMAND, decodePingNat } from '../wire/commands.js'
import { type DatagramKind, datagramKind } from '../wire/datagram.js'
import { SEAL_BYTES, SEALED_BYTE } from '../wire/network-seal.js'
import { decodeRequest } from '../wire/request.js'
import { decodeResponse } from '../wire/response.js'

/** Any port but that of a PING_NAT, which only asks to be answered at one. */
export const NO_PORT = -1

/** No datagram of this protocol. */
export const FOREIGN = -2

/**
 * Looks at a datagram that a client wants to send.
 *
 * @returns the port that a PING_NAT asks to be answered at; {@link NO_PORT} for everything else that may pass;
 *   {@link FOREIGN} for what may not
 */
export function inspectOutgoing(bytes: Uint8Array): number {
  const inner = unsealed(bytes)
  const kind = datagramKind(inner)
  if (kind === 'response') return decodeResponse(inner) === null ? FOREIGN : NO_PORT
  const request = kind === 'request' ? decodeRequest(inner) : null
  if (request === null) return FOREIGN
  if (!request.internal || request.command !== COMMAND.PING_NAT) return NO_PORT
  // A node drops what has no port: nothing to be afraid of, and of no use.
  const port = decodePingNat(inner, request.valueAt, request.valueBytes)
  return port === -1 ? FOREIGN : port
}

/** What a datagram is, also behind the seal of a private network. */
export function kindOf(bytes: Uint8Array): DatagramKind {
  return datagramKind(unsealed(bytes))
}

function unsealed(bytes: Uint8Array): Uint8Array {
  return bytes[0] === SEALED_BYTE && bytes.length > SEAL_BYTES ? bytes.subarray(SEAL_BYTES) : bytes
}

/** Whether a datagram from outside is worth a client's attention: by its first byte, the client looks at the rest. */
export function isForNodes(bytes: Uint8Array): boolean {
  if (bytes[0] === SEALED_BYTE) return bytes.length > SEAL_BYTES
  const kind = datagramKind(bytes)
  return kind === 'request' || kind === 'response'
}
