/**
 * One request of ours on its way: created, perhaps queued, transmitted up to `retries + 1` times, settled once.
 *
 * The record only; `client.ts` moves it through its states.
 */
import type { DatagramSocket } from '../transport/contract.js'
import type { Reply } from './reply.js'

/** Where it stands. `waiting`: no socket yet. `queued`: the window is full. `sent`: a timeout is running. */
export type ExchangeState = 'waiting' | 'queued' | 'sent' | 'settled'

/** Who wants the outcome: exactly one of `onReply` and `onFailure` is called, once. */
export interface ExchangeHandler {
  /** `socket`: the local one the reply came in on. */
  onReply(reply: Reply, socket: DatagramSocket): void
  onFailure(error: Error): void
  /**
   * A transmission stayed unanswered for its timeout; `transmissions` so far. Another one follows, or, with `last`, only
   * the time in which an answer of a lookup still counts.
   */
  onOverdue?(transmissions: number, last: boolean): void
  /** The last transmission stayed unanswered: whether there shall be one more nevertheless. */
  mayRepeat?(): boolean
}

/** Keeps track of exchanges that belong together. */
export interface ExchangeGroup {
  attach(exchange: Exchange): void
  detach(exchange: Exchange): void
}

/** What to ask of whom. */
export interface Outgoing {
  /** Dotted-decimal IPv4, canonical. */
  host: string
  port: number
  /** 32-bit number of the host. */
  ip: number
  /** Id the peer must have to be identified where it is known already, else null. Spares a hash. */
  id: Uint8Array | null
  internal: boolean
  command: number
  token: Uint8Array | null
  target: Uint8Array | null
  value: Uint8Array | null
}

export interface SendOptions {
  /** Transmissions after the first. */
  retries: number
  /** Milliseconds each transmission may stay unanswered; 0 = estimated from round-trip times. */
  timeoutMs: number
  /** IP time to live; 0 = the system's default. */
  ttl: number
  /** Local socket to use, or null for the node's usual one. */
  socket: DatagramSocket | null
  /** A reply from another address than the one asked is accepted too (`req.relay`). */
  relayed: boolean
  /** Not held back by the congestion window. */
  forced: boolean
  /** Part of a lookup: repeated sooner, and listened to for a while after its last timeout (`patience.ts`). */
  lookup: boolean
  group: ExchangeGroup | null
}

/**
 * An {@link Outgoing}. All of them and all {@link SendOptions} are made here, so that each kind has one shape in memory:
 * with one per caller, the first request of another one made the engine throw away its compiled code for all, and a
 * busy node spent a second of its CPU time on compiling anew.
 */
export function createOutgoing(
  to: { host: string; ip: number; port: number },
  id: Uint8Array | null,
  message: { internal: boolean; command: number; target: Uint8Array | null; value: Uint8Array | null },
  token: Uint8Array | null,
): Outgoing {
  const { host, ip, port } = to
  const { internal, command, target, value } = message
  return { host, port, ip, id, internal, command, token, target, value }
}

/** {@link SendOptions}; by default nothing special, see there. */
export function createSendOptions(options: Partial<SendOptions> & { retries: number }): SendOptions {
  return {
    retries: options.retries,
    timeoutMs: options.timeoutMs ?? 0,
    ttl: options.ttl ?? 0,
    socket: options.socket ?? null,
    relayed: options.relayed ?? false,
    forced: options.forced ?? false,
    lookup: options.lookup ?? false,
    group: options.group ?? null,
  }
}

export class Exchange {
  readonly message: Outgoing
  readonly options: SendOptions
  readonly handler: ExchangeHandler
  state: ExchangeState = 'waiting'
  /** Transaction id of the latest transmission; -1 before the first. */
  tid = -1
  /** Earlier transmissions, which may still be answered. BOUNDED: by the retries. */
  earlier: { readonly tid: number; readonly sentAt: number }[] | null = null
  /** The encoded request, from the first transmission on. */
  bytes: Uint8Array | null = null
  /** The socket of the first transmission: all others leave from it too. */
  socket: DatagramSocket | null = null
  transmissions = 0
  firstSentAt = 0
  lastSentAt = 0
  /** When the running timeout ends. */
  dueAt = 0
  /** Its last timeout has passed; an answer still counts, but nobody waits for it, and it holds no place. */
  late = false
  /** Somebody answered us between its first and its latest transmission: that one went out into a working network. */
  evidence = false

  /** Links of the list it is in. Only the list writes them. */
  previous: Exchange | null = null
  next: Exchange | null = null
  /** Links of its group's list, likewise. */
  groupPrevious: Exchange | null = null
  groupNext: Exchange | null = null

  constructor(message: Outgoing, options: SendOptions, handler: ExchangeHandler) {
    this.message = message
    this.options = options
    this.handler = handler
  }

  /** The request goes out `now`, perhaps again; its new transaction id is set afterwards. */
  onTransmission(now: number): void {
    if (this.transmissions === 0) this.firstSentAt = now
    else (this.earlier ??= []).push({ tid: this.tid, sentAt: this.lastSentAt })
    this.transmissions++
    this.lastSentAt = now
  }

  /** When the transmission with this transaction id was sent. */
  sentAt(tid: number): number {
    if (tid === this.tid || this.earlier === null) return this.lastSentAt
    return this.earlier.find((transmission) => transmission.tid === tid)!.sentAt
  }
}
