/** Answers the commands about what lies under one key: LIST and SUMMARY. */
import type { Request } from '../../rpc/request.js'
import { RECORD_COMMAND } from '../codec/commands.js'
import {
  decodeList,
  decodeSummary,
  encodeListReply,
  encodeSummaryReply,
  type SummaryReply,
} from '../codec/set-messages.js'
import { digestOfChildren } from '../rules/member-tree.js'
import { type RefusalReason, REFUSALS } from '../rules/refusal.js'
import type { RecordStore } from '../store/contract.js'
import { readPage, type SetSummary } from './set-pages.js'
import type { Summaries } from './summaries.js'

export interface SetHolderOptions {
  readonly store: RecordStore
  readonly summaries: Summaries
  /** Wall time in ms. */
  readonly wallTime: () => number
}

const BRIEF = { token: false, closerNodes: false }

export class SetHolder {
  readonly #options: SetHolderOptions

  constructor(options: SetHolderOptions) {
    this.#options = options
  }

  /** Begins to answer; null: it is none of these commands. The promise rejects when the store fails. */
  handle(request: Request): Promise<void> | null {
    switch (request.command) {
      case RECORD_COMMAND.LIST:
        return this.#list(request)
      case RECORD_COMMAND.SUMMARY:
        return this.#summarize(request)
      default:
        return null
    }
  }

  async #list(request: Request): Promise<void> {
    const { target, value } = request
    const asked = target === null || value === null ? null : decodeList(value)
    if (asked === null) return refuse(request, 'MALFORMED')
    const page = await readPage(this.#options.store, target!, asked, this.#options.wallTime())
    request.reply(encodeListReply(page), asked.brief ? BRIEF : {})
  }

  async #summarize(request: Request): Promise<void> {
    const { target, value } = request
    const asked = target === null || value === null ? null : decodeSummary(value)
    if (asked === null) return refuse(request, 'MALFORMED')
    const { channel, prefix, known, brief } = asked
    const summary = await this.#options.summaries.of({ channel, target: target! }, prefix)
    if (summary === null) return refuse(request, 'BUSY')
    request.reply(encodeSummaryReply(summaryReply(summary, known)), brief ? BRIEF : {})
  }
}

/** What a summary says to somebody who has `known`. */
export function summaryReply({ bytes, children, whole }: SetSummary, known: Uint8Array | null): SummaryReply {
  if (known !== null && sameBytes(digestOfChildren(children), known)) return { status: 'same' }
  return whole === null ? { status: 'parts', bytes, children } : { status: 'whole', records: whole }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

function refuse(request: Request, reason: RefusalReason): void {
  request.error(REFUSALS[reason])
}
