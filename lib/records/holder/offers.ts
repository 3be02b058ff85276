/**
 * Offers records that are kept here to one node: their versions first, as many as fit a datagram, then what it lacks of
 * them. What it has already is not sent again.
 */
import b4a from 'b4a'
import type { Session } from '../../node/session.js'
import type { Clock } from '../../primitives/clock.js'
import type { Peer, Reply } from '../../rpc/reply.js'
import { isOfOneNode, requestWithToken } from '../client/deliver.js'
import { RequestPool } from '../client/request-pool.js'
import { SegmentUpload } from '../client/segment-upload.js'
import { treeOf } from '../codec/chunk-tree.js'
import { RECORD_COMMAND } from '../codec/commands.js'
import { encodeMutablePut } from '../codec/hyperdht.js'
import { decodeBits, decodePutReply, encodeOffered, encodePut, MAX_OFFER_BYTES } from '../codec/messages.js'
import { encodeRecord } from '../codec/record.js'
import type { Entry, EntryKey } from '../entry.js'
import { isAlive } from '../rules/lifetime.js'
import type { RecordStore } from '../store/contract.js'
import type { Accounts, TransferCounts } from './accounts.js'
import { claimOf } from './claim.js'

export interface OffersOptions {
  readonly store: RecordStore
  readonly clock: Clock
  /** Where it is counted what went out. */
  readonly accounts: Accounts
  /** `maxWindow` of the node. */
  readonly maxWindow: number
}

/** Records on the way to one node at a time. */
const SEND_WINDOW = 8

export class Offers {
  readonly #options: OffersOptions
  #closed = false

  constructor(options: OffersOptions) {
    this.#options = options
  }

  /** Whether others can have any use for it. */
  isWorthIt({ kind, heldUntilMs }: Entry): boolean {
    return kind !== 'peer' && isAlive(heldUntilMs, this.#options.clock.wallTime())
  }

  /** What is under way ends with the next batch. */
  close(): void {
    this.#closed = true
  }

  /**
   * Offers records to one node, batch by batch.
   *
   * @returns false when the node does not answer, or does not know the command
   */
  async offerTo(session: Session, to: Peer, keys: readonly EntryKey[]): Promise<boolean> {
    for (let at = 0; at < keys.length && !this.#closed;) {
      const batch: Entry[] = []
      const offers: Uint8Array[] = []
      for (let bytes = 0; at < keys.length; at++) {
        const entry = await this.#options.store.get(keys[at]!)
        if (entry === null || !this.isWorthIt(entry)) continue
        const offer = encodeOffered(entry)
        bytes += offer.length
        if (offers.length > 0 && bytes > MAX_OFFER_BYTES) break
        batch.push(entry)
        offers.push(offer)
      }
      if (batch.length > 0 && !(await this.#offerBatch(session, to, batch, b4a.concat(offers)))) return false
    }
    return true
  }

  async #offerBatch(session: Session, to: Peer, batch: readonly Entry[], value: Uint8Array): Promise<boolean> {
    for (const { channel } of batch) this.#count(channel, 'offered')
    const reply = await attempt(session.request({ command: RECORD_COMMAND.OFFER, value }, to))
    if (reply === null || reply.error !== 0 || reply.value === null) return false
    const wanted = decodeBits(reply.value, batch.length)
    const entries = batch.filter((_, i) => wanted[i])
    await inWindow(entries, SEND_WINDOW, (entry) => this.#send(session, entry, to, reply.token))
    return true
  }

  async #send(session: Session, entry: Entry, to: Peer, token: Uint8Array | null): Promise<void> {
    if (entry.kind === 'chunk') return this.#sendSegment(session, entry, to, token)
    const value = encodeHandover(entry)
    if (value === null) return
    this.#count(entry.channel, 'sent')
    const message = { command: RECORD_COMMAND.PUT, target: entry.target, value }
    const reply = await attempt(requestWithToken({ session }, message, to, token))
    const answer = reply === null || reply.value === null ? null : decodePutReply(reply.value)
    if (reply?.error === 0 && answer?.refusal === null) this.#count(entry.channel, 'accepted')
  }

  async #sendSegment(session: Session, entry: Entry, to: Peer, token: Uint8Array | null): Promise<void> {
    const { clock, maxWindow } = this.#options
    const { channel, target: address, value: bytes, expiresAtMs } = entry
    if (!isAlive(expiresAtMs, clock.wallTime())) return
    this.#count(channel, 'sent')
    const pool = new RequestPool({ session, clock, maxWindow: maxWindow / SEND_WINDOW })
    const segment = { bytes, tree: treeOf(bytes) }
    const delivery = { channel, expiresAtMs, address, segment: async () => segment }
    const { status } = await new SegmentUpload(pool, pool.lane(to, token), delivery).run({ status: 'none' })
    if (status === 'stored') this.#count(channel, 'accepted')
  }

  #count(channel: string, what: keyof TransferCounts): void {
    this.#options.accounts.count(channel, ({ handedOver }) => handedOver[what]++)
  }
}

/** A record as one holder hands it to another, with the time that is left of its life. */
function encodeHandover(entry: Entry): Uint8Array | null {
  const claim = claimOf(entry)
  if (claim === null) return null
  const body =
    claim.kind === 'record'
      ? encodeRecord(claim.record)
      : claim.kind === 'mutable'
        ? encodeMutablePut(claim.put)
        : claim.value
  const { channel, expiresAtMs, heldUntilMs } = entry
  return encodePut({ kind: claim.kind, expected: null, kept: { channel, expiresAtMs, heldUntilMs }, body })
}

/** The reply, or null where it is a matter of that node that there is none. */
async function attempt(request: Promise<Reply>): Promise<Reply | null> {
  try {
    return await request
  } catch (error) {
    if (isOfOneNode(error)) return null
    throw error
  }
}

/** Does the work for each, so many at a time; after a failure nothing more is begun. */
async function inWindow<T>(items: readonly T[], limit: number, work: (item: T) => Promise<void>): Promise<void> {
  let next = 0
  let hasFailed = false
  const worker = async (): Promise<void> => {
    while (next < items.length && !hasFailed) {
      try {
        await work(items[next++]!)
      } catch (error) {
        hasFailed = true
        throw error
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker))
}
