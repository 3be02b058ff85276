/** Requests of the caller's to one node: what can be said about them, and their checks. */
import {
  checkCommand,
  type CheckedAddress,
  checkFits,
  checkInteger,
  checkLimits,
  checkOptionalHash,
  checkValue,
} from './arguments.js'
import { callWith, type WaitOptions } from './call.js'
import type { Core } from './core.js'
import { Session } from './session.js'
import { createOutgoing, createSendOptions, type SendOptions } from '../rpc/exchange.js'
import type { Reply } from '../rpc/reply.js'
import type { DatagramSocket } from '../transport/contract.js'
import { COMMAND, encodeDelayedPing } from '../wire/commands.js'
import { requestSizeBytes } from '../wire/request.js'
import { describe } from './describe.js'

/** What to ask one node. */
export interface RequestMessage {
  /** Number of the command, 0 to 2^53-1. */
  command: number
  /** 32-byte key; the reply then names nodes close to it. */
  target?: Uint8Array | null
  /** Bytes; not to be changed until the request is settled. */
  value?: Uint8Array | null
  /** 32-byte token that this node gave us. */
  token?: Uint8Array | null
}

/** How to send one request. */
export interface RequestOptions extends WaitOptions {
  /** Session whose `destroy` fails the request. */
  session?: Session | null
  /** Local socket to send from. Default: the node's usual one. */
  socket?: DatagramSocket | null
  /** IP time to live of the datagrams, 0 to 255. Default 0: the system's. */
  ttl?: number
  /** false: one transmission. Default: four. */
  retry?: boolean
  /** Accept the reply from another address than the one asked (`req.relay`). Default: the node's `acceptRelayed`. */
  relayed?: boolean
}

export interface PingOptions extends RequestOptions {
  /** Zero bytes to add to the datagram. Default 0. */
  size?: number
}

/** Time for the way of a delayed answer, beside the delay itself. */
const WAY_MS = 1000

/** Each transmission of a delayed ping is a timer at the other node: one more must do. */
const DELAYED_RETRIES = 1

/** A checked message. */
export interface CheckedMessage {
  internal: boolean
  command: number
  token: Uint8Array | null
  target: Uint8Array | null
  value: Uint8Array | null
}

/** @throws TypeError or RangeError */
export function checkRequest(message: RequestMessage): CheckedMessage {
  if (typeof message !== 'object' || message === null) {
    throw new TypeError(`request must be {command, target, value, token}, got ${describe(message)}`)
  }
  return {
    internal: false,
    command: checkCommand(message.command),
    token: checkOptionalHash(message.token, 'token'),
    target: checkOptionalHash(message.target, 'target'),
    value: checkValue(message.value),
  }
}

/** A PING, padded with `size` zero bytes. @throws TypeError or RangeError */
export function createPing(size: unknown, maxBytes: number): CheckedMessage {
  const sizeBytes = size === undefined ? 0 : checkInteger(size, 'size', 0, maxBytes)
  const value = sizeBytes > 0 ? new Uint8Array(sizeBytes) : null
  return { internal: true, command: COMMAND.PING, token: null, target: null, value }
}

/** @throws TypeError or RangeError */
export function createDelayedPing(delayMs: number, maxDelayMs: number): CheckedMessage {
  if (delayMs > maxDelayMs) throw new RangeError(`Delay exceeds max delay: ${maxDelayMs}ms`)
  const value = encodeDelayedPing(checkInteger(delayMs, 'delayMs', 0, maxDelayMs))
  return { internal: true, command: COMMAND.DELAYED_PING, token: null, target: null, value }
}

/**
 * Sends a request and waits for the reply.
 *
 * @param delayMs time the other node lets pass before it answers
 * @throws TypeError or RangeError for options that make no sense, or a value that does not fit
 */
export function sendRequest(
  core: Core,
  message: CheckedMessage,
  to: CheckedAddress,
  options: RequestOptions | undefined,
  delayMs: number,
): Promise<Reply> {
  const sendOptions = checkOptions(core, options, delayMs)
  checkFits(message.value, sizeOf(message), core.maxDatagramBytes)
  if (core.closed !== null) return Promise.reject(core.closedError())
  return callWith(core, createOutgoing(to, null, message, message.token), sendOptions, options)
}

/**
 * Length of the datagram of a message. Room for our id is always kept, so that limits do not depend on our state.
 */
export function sizeOf({ command, token, target, value }: CheckedMessage): number {
  return requestSizeBytes(command, true, token !== null, target !== null, value)
}

function checkOptions(core: Core, options: RequestOptions | undefined, delayMs: number): SendOptions {
  if (options === undefined && delayMs === 0) return core.requestOptions
  checkLimits(options)
  const { session, socket, ttl, retry, relayed } = options ?? {}
  if (session !== undefined && session !== null && !(session instanceof Session)) {
    throw new TypeError('session must come from node.session()')
  }
  if (socket !== undefined && socket !== null && typeof socket.trySend !== 'function') {
    throw new TypeError(`socket must be a bound socket, got ${describe(socket)}`)
  }
  return createSendOptions({
    retries: retry === false ? 0 : delayMs > 0 ? DELAYED_RETRIES : core.requestOptions.retries,
    timeoutMs: delayMs > 0 ? delayMs + WAY_MS : 0,
    ttl: ttl === undefined ? 0 : checkInteger(ttl, 'ttl', 0, 255),
    socket: socket ?? null,
    relayed: relayed ?? core.config.acceptRelayed,
    group: session ?? null,
  })
}
