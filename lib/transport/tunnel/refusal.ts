/**
 * What a gateway says no with, shared by both ends: why it closed a connection, why it did not pass a datagram on, why a
 * socket could not be had (docs/PROTOCOL.md, "The tunnel").
 */

/** Close codes of the WebSocket, in the range that is free for applications (RFC 6455, 7.4.2), and two standard ones. */
export const CLOSE = {
  /** The client needs the gateway no more: its sockets are closed at once. */
  done: 1000,
  /** The gateway shuts down, or the page is left. Pages cannot send it themselves. */
  goingAway: 1001,
  /** The client gives this connection up; its session goes on over another one. */
  lost: 4000,
  /** A frame that is none of the protocol's. */
  malformed: 4400,
  /** The authorization hook said no. */
  unauthorized: 4401,
  /** The page's origin is not allowed. */
  origin: 4403,
  /** No hello in time. */
  helloTimeout: 4408,
  /** The session goes on over a newer connection. */
  superseded: 4409,
  /** Nothing was heard of the client for too long. */
  idle: 4410,
  /** Neither end speaks a version of the other's. */
  version: 4426,
  /** Too many connections of one address, or too many new ones. */
  tooMany: 4429,
  /** Too many messages a second, or a client that does not read. */
  overload: 4430,
  /** The gateway has as many connections as it takes. */
  full: 4503,
} as const

/** Name of a close code. */
export type CloseName = keyof typeof CLOSE

const CLOSE_NAMES = new Map<number, CloseName>(
  (Object.entries(CLOSE) as [CloseName, number][]).map(([name, code]) => [code, name]),
)

/** Name of a close code, or null where it is none of ours. */
export function closeName(code: number): CloseName | null {
  return CLOSE_NAMES.get(code) ?? null
}

/** Codes after which the same request to the same gateway will be refused again. */
const PERMANENT: ReadonlySet<number> = new Set([CLOSE.unauthorized, CLOSE.origin, CLOSE.version])

/** Whether it makes no sense to ask this gateway again soon. */
export function isPermanent(code: number): boolean {
  return PERMANENT.has(code)
}

/**
 * Why a gateway did not pass a datagram on, or did not look up a name; the position is the number on the wire.
 *
 * - `rate`: more datagrams or bytes a second than a connection may send
 * - `total-rate`: more than the gateway sends for all its clients together
 * - `size`: longer than the gateway takes
 * - `protocol`: no datagram of this protocol
 * - `destination`: an address, or a port, that the gateway sends nothing to
 * - `ping-nat`: a PING_NAT for a port that is not the client's own
 * - `socket`: from a socket that is not bound
 * - `lookup`: too many names, or lookups are not offered
 * - `window`: datagrams for the client that came faster than it took them
 */
export const REFUSALS = [
  'rate',
  'total-rate',
  'size',
  'protocol',
  'destination',
  'ping-nat',
  'socket',
  'lookup',
  'window',
] as const

export type Refusal = (typeof REFUSALS)[number]

/** Counters, one for each kind of refusal. */
export type RefusalCounts = Record<Refusal, number>

export function createRefusalCounts(): RefusalCounts {
  return Object.fromEntries(REFUSALS.map((name) => [name, 0])) as RefusalCounts
}

/** What became of a wish for a socket; the position is the number on the wire. `failed`: the system said no. */
export const BIND_OUTCOMES = ['bound', 'in-use', 'not-allowed', 'too-many', 'failed'] as const

export type BindOutcome = (typeof BIND_OUTCOMES)[number]
