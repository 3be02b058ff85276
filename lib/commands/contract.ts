/**
 * What a command handler gets and says. One file per internal command; each reads its argument, answers through the
 * functions it is given, and reports what became of the request (wire-protocol 8).
 */
import type { DecodedRequest } from '../wire/request.js'

/** A decoded internal request. `bytes` are valid during the call only. */
export interface InboundCommand {
  readonly message: DecodedRequest
  readonly bytes: Uint8Array
  readonly ip: number
  readonly port: number
}

/** `badArgument` and `overLimit`: dropped without an answer. */
export type CommandOutcome = 'handled' | 'badArgument' | 'overLimit'

/** Answers the request; `port`: another port of the same host. */
export type Answer<In extends InboundCommand> = (
  inbound: In,
  error: number,
  add: { token: boolean; closerNodes: boolean },
  port?: number,
) => void

/** A reply that carries nothing. */
export const BARE = { token: false, closerNodes: false } as const

/** A reply with the nodes closest to the target. */
export const WITH_CLOSER_NODES = { token: false, closerNodes: true } as const
