/**
 * Brings one segment of a large value to one holder: the hashes first, then the chunks, as many at a time as it answers.
 * What it has already, from an earlier attempt or another writer, is not sent.
 */
import { chunkOf, type ChunkTree, encodeGroupProof } from '../codec/chunk-tree.js'
import {
  decodeFindReply,
  decodePartPutReply,
  encodeFind,
  encodePartPut,
  type FindReply,
  type PartKind,
} from '../codec/chunk-messages.js'
import { RECORD_COMMAND } from '../codec/commands.js'
import { refusalOf } from '../rules/refusal.js'
import type { Reply } from '../../rpc/reply.js'
import type { Delivered } from './put-outcome.js'
import type { Lane, RequestPool } from './request-pool.js'

/** A segment that is at hand. */
export interface Segment {
  readonly bytes: Uint8Array
  readonly tree: ChunkTree
}

export interface SegmentDelivery {
  readonly channel: string
  /** Wall time in ms. */
  readonly expiresAtMs: number
  /** The segment, fetched from somewhere where it is not at hand; called when the holder lacks it. null: there is none. */
  readonly segment: () => Promise<Segment | null>
  readonly address: Uint8Array
  /** Told of chunks that the holder has taken: share of the segment, 0 to 1. */
  readonly onShare?: (share: number) => void
}

/** `known`: the holder had it already, and only its life was prolonged. */
export type SegmentDelivered = Delivered & { readonly known: boolean }

interface Part {
  readonly kind: PartKind
  readonly index: number
}

/** Times that a holder may have forgotten what it was sent before it is given up. */
const MAX_RESTARTS = 2

export class SegmentUpload {
  readonly #pool: RequestPool
  readonly #lane: Lane
  readonly #delivery: SegmentDelivery
  #segment: Segment | null = null
  /** What is to be sent. BOUNDED: by the chunks and groups of a segment. */
  #parts: Part[] = []
  /** Hashes of groups on the way, or to be sent: chunks wait for them. */
  #proofsLeft = 0
  #inFlight = 0
  #acknowledged = 0
  #restarts = 0
  #mustLook = false
  #end: SegmentDelivered | null = null
  #failure: { readonly error: unknown } | null = null
  #wake = (): void => {}

  constructor(pool: RequestPool, lane: Lane, delivery: SegmentDelivery) {
    this.#pool = pool
    this.#lane = lane
    this.#delivery = delivery
  }

  /**
   * @param found what the holder has said that it has
   * @returns never rejects but when the call is over
   */
  async run(found: FindReply): Promise<SegmentDelivered> {
    if (found.status === 'whole' && (await this.#renew(found.expiresAtMs))) return this.#end!
    this.#segment = await this.#delivery.segment()
    if (this.#segment === null) this.cancel()
    else this.#plan(found)
    while (this.#end === null) {
      const part = this.#next()
      if (part !== null) await this.#sendInTurn(part)
      else if (this.#inFlight === 0) await this.#look()
      else await new Promise<void>((resolve) => (this.#wake = resolve))
      if (this.#failure !== null) throw this.#failure.error
    }
    return this.#end
  }

  /** Stops: nobody waits for it any more. */
  cancel(): void {
    this.#finish({ node: this.#lane.peer, status: 'timed-out' })
  }

  /** @returns whether it is kept, and to the end that is wanted */
  async #renew(untilMs: number): Promise<boolean> {
    const { channel, expiresAtMs } = this.#delivery
    const node = this.#lane.peer
    if (untilMs >= expiresAtMs) {
      this.#finish({ node, status: 'stored' }, true)
      return true
    }
    const value = encodePartPut({ kind: 'renewal', channel, expiresAtMs })
    const reply = await this.#ask(RECORD_COMMAND.CHUNK_PUT, value)
    const answer = reply === null || reply.value === null ? null : decodePartPutReply(reply.value)
    if (answer?.status === 'kept') this.#finish({ node, status: 'stored' }, true)
    else if (answer?.status === 'refused') this.#finish({ node, ...answer, current: null }, true)
    else if (reply === null) this.cancel()
    return this.#end !== null
  }

  /** One request, sent again until it is answered; null: the holder is gone. */
  async #ask(command: number, value: Uint8Array): Promise<Reply | null> {
    for (;;) {
      if ((await this.#pool.acquire([this.#lane])) === null) return null
      const reply = await this.#pool.request(this.#lane, { command, target: this.#delivery.address, value })
      if (reply !== null || this.#end !== null) return reply
    }
  }

  #plan(found: FindReply): void {
    const { chunkHashes, sizeBytes } = this.#segment!.tree
    const isOurs = found.status === 'partial' && found.sizeBytes === sizeBytes
    const groups = isOurs ? found.groups : []
    const chunks = isOurs ? found.chunks : []
    const proofs = chunkHashes.flatMap((_, index) => (groups[index] ? [] : [{ kind: 'proof' as const, index }]))
    const missing = Array.from({ length: this.#chunkCount }, (_, index) => index).filter((index) => !chunks[index])
    this.#proofsLeft = proofs.length
    this.#parts = [...proofs, ...missing.map((index) => ({ kind: 'chunk' as const, index }))].reverse()
    this.#acknowledged = this.#chunkCount - missing.length
  }

  get #chunkCount(): number {
    return this.#segment!.tree.chunkHashes.reduce((sum, hashes) => sum + hashes.length / 32, 0)
  }

  #next(): Part | null {
    const part = this.#parts.at(-1)
    if (part === undefined || this.#mustLook || (part.kind === 'chunk' && this.#proofsLeft > 0)) return null
    return this.#parts.pop()!
  }

  async #sendInTurn(part: Part): Promise<void> {
    const lane = await this.#pool.acquire([this.#lane])
    if (lane === null) this.cancel()
    else if (this.#end !== null) this.#pool.release(lane)
    else void this.#send(part)
  }

  async #send(part: Part): Promise<void> {
    this.#inFlight++
    const { channel, expiresAtMs, address } = this.#delivery
    const { bytes, tree } = this.#segment!
    const { kind, index } = part
    const body = kind === 'chunk' ? chunkOf(bytes, index) : encodeGroupProof(tree, index)
    const value = encodePartPut({ channel, expiresAtMs, kind, sizeBytes: tree.sizeBytes, index, bytes: body })
    try {
      const message = { command: RECORD_COMMAND.CHUNK_PUT, target: address, value }
      this.#onReply(part, await this.#pool.request(this.#lane, message))
    } catch (error) {
      this.#failure ??= { error }
    } finally {
      this.#inFlight--
      this.#wake()
    }
  }

  #onReply(part: Part, reply: Reply | null): void {
    const node = this.#lane.peer
    if (reply === null) {
      this.#parts.push(part)
      return
    }
    const answer = reply.value === null ? null : decodePartPutReply(reply.value)
    if (answer === null) {
      const reason = refusalOf(reply.error) ?? 'UNSUPPORTED'
      this.#finish({ node, status: 'refused', refusal: { reason }, current: null })
    } else if (answer.status === 'kept') {
      this.#finish({ node, status: 'stored' })
    } else if (answer.status === 'refused') {
      this.#finish({ node, ...answer, current: null })
    } else if (answer.status === 'unproved') {
      this.#mustLook = true
    } else if (part.kind === 'proof') {
      this.#proofsLeft--
    } else {
      this.#acknowledged++
      this.#delivery.onShare?.(this.#acknowledged / this.#chunkCount)
    }
  }

  /** All is sent, and yet it is not kept: what is missing there? */
  async #look(): Promise<void> {
    if (this.#restarts++ >= MAX_RESTARTS) return this.cancel()
    const reply = await this.#ask(RECORD_COMMAND.CHUNK_FIND, encodeFind(this.#delivery.channel))
    if (this.#end !== null) return
    if (reply === null) return this.cancel()
    const found = (reply.value === null ? null : decodeFindReply(reply.value)) ?? { status: 'none' }
    this.#mustLook = false
    if (found.status === 'whole') this.#finish({ node: this.#lane.peer, status: 'stored' })
    else this.#plan(found)
  }

  #finish(delivered: Delivered, known = false): void {
    this.#end ??= { ...delivered, known }
    this.#wake()
  }
}
