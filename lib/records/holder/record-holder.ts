/** Answers this module's own commands about owned records: GET, PUT and OFFER, and those about sets of them. */
import type { Request } from '../../rpc/request.js'
import { decodeMutablePut } from '../codec/hyperdht.js'
import { RECORD_COMMAND } from '../codec/commands.js'
import {
  decodeGet,
  decodeOffer,
  decodePut,
  encodeBits,
  encodeFound,
  encodeGetReply,
  encodePutReply,
  type Offered,
  type PutRequest,
} from '../codec/messages.js'
import { decodeRecord, encodeStored } from '../codec/record.js'
import type { Entry } from '../entry.js'
import { isAlive } from '../rules/lifetime.js'
import type { Refusal } from '../rules/refusal.js'
import { compareVersions } from '../rules/version.js'
import type { RecordStore } from '../store/contract.js'
import type { Admission } from './admission.js'
import type { Claim } from './claim.js'
import { servedRecord } from './served-record.js'
import { SetHolder } from './set-holder.js'
import type { Summaries } from './summaries.js'

export interface RecordHolderOptions {
  readonly store: RecordStore
  readonly admission: Admission
  readonly summaries: Summaries
  /** Wall time in ms. */
  readonly wallTime: () => number
}

export class RecordHolder {
  readonly #options: RecordHolderOptions
  readonly #sets: SetHolder

  constructor(options: RecordHolderOptions) {
    this.#options = options
    this.#sets = new SetHolder(options)
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
        return this.#sets.handle(request)
    }
  }

  async #get(request: Request): Promise<void> {
    const { target, value } = request
    const asked = target === null || value === null ? null : decodeGet(value)
    if (asked === null) return answer(request, { reason: 'MALFORMED' })
    const { channel, subkey, headOnly, known, brief } = asked
    const options = brief === true ? { token: false, closerNodes: false } : {}
    const entry = await this.#options.store.get({ channel, target: target!, subkey })
    if (entry === null || entry.kind !== 'record') return request.reply(encodeGetReply({ status: 'none' }), options)
    const isNews = known === null || compareVersions(entry, known) > 0
    request.reply(isNews ? encodeFound(this.#encode(entry, headOnly)) : encodeGetReply({ status: 'same' }), options)
  }

  /** As `servedRecord`, in bytes: nothing has to be read for that. */
  #encode({ proof, signature, value, tombstone, expiresAtMs }: Entry, headOnly: boolean): Uint8Array {
    const isServed = !headOnly && !tombstone && isAlive(expiresAtMs, this.#options.wallTime())
    return encodeStored(proof, signature, isServed ? value : null)
  }

  async #put(request: Request): Promise<void> {
    const { target, token, value } = request
    const put = target === null || token === null || value === null ? null : decodePut(value)
    const claim = put === null ? null : claimOfPut(put, target!)
    if (put === null || claim === null) return answer(request, { reason: 'MALFORMED' })
    const { refusal, entry } = await this.#options.admission.admit(claim, put.expected, put.kept?.heldUntilMs ?? 0)
    const current = refusal === null || entry === null ? null : servedRecord(entry, 0, true)
    request.reply(encodePutReply({ refusal, current }), { closerNodes: put.wantsCloser === true })
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
