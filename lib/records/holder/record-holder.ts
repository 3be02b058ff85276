/** Answers this module's own commands about owned records: GET, PUT and OFFER. */
import type { Request } from '../../rpc/request.js'
import { decodeMutablePut } from '../codec/hyperdht.js'
import { RECORD_COMMAND } from '../codec/commands.js'
import {
  decodeGet,
  decodeOffer,
  decodePut,
  encodeBits,
  encodeGetReply,
  encodePutReply,
  type Offered,
  type PutRequest,
} from '../codec/messages.js'
import { decodeRecord, recordOfProof, type SignedRecord } from '../codec/record.js'
import type { Entry } from '../entry.js'
import { isAlive } from '../rules/lifetime.js'
import type { Refusal } from '../rules/refusal.js'
import { compareVersions } from '../rules/version.js'
import type { RecordStore } from '../store/contract.js'
import type { Admission } from './admission.js'
import type { Claim } from './claim.js'

export interface RecordHolderOptions {
  readonly store: RecordStore
  readonly admission: Admission
  /** Wall time in ms. */
  readonly wallTime: () => number
}

export class RecordHolder {
  readonly #options: RecordHolderOptions

  constructor(options: RecordHolderOptions) {
    this.#options = options
  }

  /** Begins to answer; null: it is none of these commands. The promise rejects when the store fails. */
  handle(request: Request): Promise<void> | null {
    switch (request.command) {
      case RECORD_COMMAND.GET:
        return this.#get(request)
      case RECORD_COMMAND.PUT:
        return this.#put(request)
      case RECORD_COMMAND.OFFER:
        return this.#offer(request)
      default:
        return null
    }
  }

  async #get(request: Request): Promise<void> {
    const { target, value } = request
    const asked = target === null || value === null ? null : decodeGet(value)
    if (asked === null) return answer(request, { reason: 'MALFORMED' })
    const { channel, subkey, headOnly, known } = asked
    const entry = await this.#options.store.get({ channel, target: target!, subkey })
    const record = entry === null ? null : this.#recordOf(entry, headOnly)
    if (record === null) return request.reply(encodeGetReply({ status: 'none' }))
    const isNews = known === null || compareVersions(record, known) > 0
    request.reply(encodeGetReply(isNews ? { status: 'found', record } : { status: 'same' }))
  }

  /** With its value while it lives, and without it for as long as it is remembered. */
  #recordOf({ kind, proof, signature, value, tombstone, expiresAtMs }: Entry, headOnly: boolean): SignedRecord | null {
    if (kind !== 'record') return null
    const isServed = !headOnly && !tombstone && isAlive(expiresAtMs, this.#options.wallTime())
    return recordOfProof(proof, signature, isServed ? value : null)
  }

  async #put(request: Request): Promise<void> {
    const { target, token, value } = request
    const put = target === null || token === null || value === null ? null : decodePut(value)
    const claim = put === null ? null : claimOfPut(put, target!)
    if (put === null || claim === null) return answer(request, { reason: 'MALFORMED' })
    const { refusal, entry } = await this.#options.admission.admit(claim, put.expected, put.kept?.heldUntilMs ?? 0)
    const current = refusal === null || entry === null ? null : this.#recordOf(entry, true)
    request.reply(encodePutReply({ refusal, current }), { closerNodes: false })
  }

  async #offer(request: Request): Promise<void> {
    const { value } = request
    const offered = value === null ? null : decodeOffer(value)
    if (offered === null) return answer(request, { reason: 'MALFORMED' })
    const wanted = await Promise.all(offered.map((each) => this.#isWanted(each)))
    request.reply(encodeBits(wanted))
  }

  async #isWanted(offered: Offered): Promise<boolean> {
    const entry = await this.#options.store.get(offered)
    return entry === null || compareVersions(offered, entry) > 0
  }
}

/** What a request to store says; null: malformed. */
function claimOfPut({ kind, kept, body }: PutRequest, target: Uint8Array): Claim | null {
  const expiresAtMs = kept?.expiresAtMs ?? null
  // Segments of large values come chunk by chunk, by a command of their own.
  if (kind === 'peer' || kind === 'chunk') return null
  if (kind === 'record') {
    const record = decodeRecord(body)
    return record === null ? null : { kind, record, target }
  }
  if (kind !== 'mutable') return { kind, channel: kept?.channel ?? '', target, value: body, expiresAtMs }
  const put = decodeMutablePut(body)
  return put === null ? null : { kind, put, target, expiresAtMs }
}

function answer(request: Request, refusal: Refusal): void {
  request.reply(encodePutReply({ refusal, current: null }))
}
