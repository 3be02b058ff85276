/**
 * The messages of the tunnel other than datagrams (docs/PROTOCOL.md, "The tunnel"): one WebSocket message each, the
 * first byte its type, numbers little-endian, IPv4 addresses in reading order.
 *
 * Decoding whatever arrives gives a message or null, and never throws; a message has exactly the length of its type.
 */
import b4a from 'b4a'
import { BIND_OUTCOMES, type BindOutcome, REFUSALS, type Refusal } from './refusal.js'

/** Version of the tunnel. The subprotocol names it, so that ends that do not understand each other part at once. */
export const TUNNEL_VERSION = 1

/** WebSocket subprotocol. */
export const SUBPROTOCOL = `xorpc.tunnel.${TUNNEL_VERSION}`

/** Start of the subprotocol that carries a token, in base64url: a page can set no header, and URLs are logged. */
export const TOKEN_SUBPROTOCOL = 'xorpc.token.'

export const SESSION_ID_BYTES = 16
export const SECRET_BYTES = 32

/** Names in the DNS have at most 253 characters. */
export const MAX_NAME_BYTES = 253

/** What proves that a session is one's own. */
export interface SessionTicket {
  /** 16 bytes. */
  id: Uint8Array
  /** 32 bytes, known to the client and the gateway. */
  secret: Uint8Array
}

/** Client to gateway. */
export type ClientMessage =
  | { type: 'hello'; version: number; windowBytes: number; ticket: SessionTicket | null }
  | { type: 'bind'; socket: number; port: number }
  | { type: 'close'; socket: number }
  | { type: 'lookup'; id: number; name: string }
  | { type: 'ping' }

/** Gateway to client. */
export type GatewayMessage =
  | Welcome
  | { type: 'bound'; socket: number; outcome: BindOutcome; port: number }
  | { type: 'closed'; socket: number }
  | { type: 'address'; id: number; ip: number }
  | { type: 'pong' }
  | { type: 'refused'; counts: { reason: Refusal; count: number }[] }
  | { type: 'goaway'; withinMs: number }

export interface Welcome {
  type: 'welcome'
  version: number
  /** Whether the session of the hello goes on. */
  resumed: boolean
  ticket: SessionTicket
  /** What the gateway takes in before it returns credit. */
  windowBytes: number
  /** How long the session waits for the client after a lost connection. */
  graceMs: number
  /** The gateway closes a connection that is silent for this long. */
  idleMs: number
  /** IPv4 number of the address that sockets are bound to; 0: any. */
  ip: number
  maxDatagramBytes: number
  /** Sockets of the session that are open. */
  sockets: { socket: number; port: number }[]
}

const TYPE = {
  hello: 0x01,
  bind: 0x02,
  close: 0x03,
  lookup: 0x05,
  ping: 0x06,
  welcome: 0x81,
  bound: 0x82,
  closed: 0x83,
  address: 0x85,
  pong: 0x86,
  refused: 0x87,
  goaway: 0x88,
} as const

const HAS_TICKET = 1
const HELLO_BYTES = 7
const WELCOME_BYTES = 70
const SOCKET_BYTES = 3
const REFUSED_BYTES = 5

export function encodeClientMessage(message: ClientMessage): Uint8Array {
  const { type } = message
  if (type === 'hello') return encodeHello(message.version, message.windowBytes, message.ticket)
  if (type === 'bind') return Uint8Array.of(TYPE.bind, message.socket, message.port, message.port >>> 8)
  if (type === 'close') return Uint8Array.of(TYPE.close, message.socket)
  if (type === 'ping') return Uint8Array.of(TYPE.ping)
  return b4a.concat([Uint8Array.of(TYPE.lookup, message.id, message.id >>> 8), b4a.from(message.name)])
}

function encodeHello(version: number, windowBytes: number, ticket: SessionTicket | null): Uint8Array {
  const out = b4a.alloc(HELLO_BYTES + (ticket === null ? 0 : SESSION_ID_BYTES + SECRET_BYTES))
  out[0] = TYPE.hello
  out[1] = version
  viewOf(out).setUint32(2, windowBytes, true)
  out[6] = ticket === null ? 0 : HAS_TICKET
  if (ticket !== null) writeTicket(out, HELLO_BYTES, ticket)
  return out
}

export function decodeClientMessage(bytes: Uint8Array): ClientMessage | null {
  const { length } = bytes
  switch (bytes[0] ?? 0) {
    case TYPE.hello:
      return decodeHello(bytes)
    case TYPE.bind:
      return length === 4 ? { type: 'bind', socket: bytes[1]!, port: readPort(bytes, 2) } : null
    case TYPE.close:
      return length === 2 ? { type: 'close', socket: bytes[1]! } : null
    case TYPE.lookup:
      if (length < 4 || length > 3 + MAX_NAME_BYTES) return null
      return { type: 'lookup', id: readPort(bytes, 1), name: b4a.toString(bytes.subarray(3)) }
    case TYPE.ping:
      return length === 1 ? { type: 'ping' } : null
    default:
      return null
  }
}

function decodeHello(bytes: Uint8Array): ClientMessage | null {
  // Of another version only the beginning is known.
  if (bytes.length < HELLO_BYTES) return null
  const version = bytes[1]!
  const windowBytes = viewOf(bytes).getUint32(2, true)
  if (version !== TUNNEL_VERSION) return { type: 'hello', version, windowBytes, ticket: null }
  const hasTicket = bytes[6] === HAS_TICKET
  if (!hasTicket && bytes[6] !== 0) return null
  if (bytes.length !== HELLO_BYTES + (hasTicket ? SESSION_ID_BYTES + SECRET_BYTES : 0)) return null
  return { type: 'hello', version, windowBytes, ticket: hasTicket ? readTicket(bytes, HELLO_BYTES) : null }
}

export function encodeGatewayMessage(message: GatewayMessage): Uint8Array {
  const { type } = message
  if (type === 'welcome') return encodeWelcome(message)
  if (type === 'bound') return encodeBound(message.socket, message.outcome, message.port)
  if (type === 'closed') return Uint8Array.of(TYPE.closed, message.socket)
  if (type === 'address') return encodeAddress(message.id, message.ip)
  if (type === 'pong') return Uint8Array.of(TYPE.pong)
  if (type === 'refused') return encodeRefused(message.counts)
  const out = Uint8Array.of(TYPE.goaway, 0, 0, 0, 0)
  viewOf(out).setUint32(1, message.withinMs, true)
  return out
}

function encodeBound(socket: number, outcome: BindOutcome, port: number): Uint8Array {
  return Uint8Array.of(TYPE.bound, socket, BIND_OUTCOMES.indexOf(outcome), port, port >>> 8)
}

function encodeAddress(id: number, ip: number): Uint8Array {
  const out = Uint8Array.of(TYPE.address, id, id >>> 8, 0, 0, 0, 0)
  viewOf(out).setUint32(3, ip)
  return out
}

function encodeWelcome(welcome: Welcome): Uint8Array {
  const out = b4a.alloc(WELCOME_BYTES + welcome.sockets.length * SOCKET_BYTES)
  const view = viewOf(out)
  out[0] = TYPE.welcome
  out[1] = welcome.version
  out[2] = welcome.resumed ? 1 : 0
  writeTicket(out, 3, welcome.ticket)
  view.setUint32(51, welcome.windowBytes, true)
  view.setUint32(55, welcome.graceMs, true)
  view.setUint32(59, welcome.idleMs, true)
  view.setUint32(63, welcome.ip)
  view.setUint16(67, welcome.maxDatagramBytes, true)
  out[69] = welcome.sockets.length
  let at = WELCOME_BYTES
  for (const { socket, port } of welcome.sockets) {
    out[at] = socket
    view.setUint16(at + 1, port, true)
    at += SOCKET_BYTES
  }
  return out
}

function encodeRefused(counts: readonly { reason: Refusal; count: number }[]): Uint8Array {
  const out = b4a.alloc(2 + counts.length * REFUSED_BYTES)
  out[0] = TYPE.refused
  out[1] = counts.length
  let at = 2
  for (const { reason, count } of counts) {
    out[at] = REFUSALS.indexOf(reason)
    viewOf(out).setUint32(at + 1, count, true)
    at += REFUSED_BYTES
  }
  return out
}

export function decodeGatewayMessage(bytes: Uint8Array): GatewayMessage | null {
  const { length } = bytes
  switch (bytes[0] ?? 0) {
    case TYPE.welcome:
      return decodeWelcome(bytes)
    case TYPE.bound: {
      const outcome = BIND_OUTCOMES[bytes[2] ?? -1]
      if (length !== 5 || outcome === undefined) return null
      return { type: 'bound', socket: bytes[1]!, outcome, port: readPort(bytes, 3) }
    }
    case TYPE.closed:
      return length === 2 ? { type: 'closed', socket: bytes[1]! } : null
    case TYPE.address:
      if (length !== 7) return null
      return { type: 'address', id: readPort(bytes, 1), ip: viewOf(bytes).getUint32(3) }
    case TYPE.pong:
      return length === 1 ? { type: 'pong' } : null
    case TYPE.refused:
      return decodeRefused(bytes)
    case TYPE.goaway:
      return length === 5 ? { type: 'goaway', withinMs: viewOf(bytes).getUint32(1, true) } : null
    default:
      return null
  }
}

function decodeWelcome(bytes: Uint8Array): Welcome | null {
  if (bytes.length < WELCOME_BYTES || bytes[2]! > 1) return null
  const count = bytes[69]!
  if (bytes.length !== WELCOME_BYTES + count * SOCKET_BYTES) return null
  const view = viewOf(bytes)
  return {
    type: 'welcome',
    version: bytes[1]!,
    resumed: bytes[2] === 1,
    ticket: readTicket(bytes, 3),
    windowBytes: view.getUint32(51, true),
    graceMs: view.getUint32(55, true),
    idleMs: view.getUint32(59, true),
    ip: view.getUint32(63),
    maxDatagramBytes: view.getUint16(67, true),
    sockets: Array.from({ length: count }, (_, i) => {
      const at = WELCOME_BYTES + i * SOCKET_BYTES
      return { socket: bytes[at]!, port: readPort(bytes, at + 1) }
    }),
  }
}

function decodeRefused(bytes: Uint8Array): GatewayMessage | null {
  const count = bytes[1] ?? -1
  if (bytes.length !== 2 + count * REFUSED_BYTES) return null
  const counts: { reason: Refusal; count: number }[] = []
  for (let at = 2; at < bytes.length; at += REFUSED_BYTES) {
    const reason = REFUSALS[bytes[at]!]
    if (reason === undefined) return null
    counts.push({ reason, count: viewOf(bytes).getUint32(at + 1, true) })
  }
  return { type: 'refused', counts }
}

function writeTicket(out: Uint8Array, at: number, { id, secret }: SessionTicket): void {
  out.set(id, at)
  out.set(secret, at + SESSION_ID_BYTES)
}

/** A copy: the message is borrowed. */
function readTicket(bytes: Uint8Array, at: number): SessionTicket {
  const secretAt = at + SESSION_ID_BYTES
  return {
    id: Uint8Array.from(bytes.subarray(at, secretAt)),
    secret: Uint8Array.from(bytes.subarray(secretAt, secretAt + SECRET_BYTES)),
  }
}

function readPort(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8)
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
