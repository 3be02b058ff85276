/**
 * Writing one version: look at what the holders have, sign, deliver, count.
 *
 * Who compares and swaps delivers to the nearest holder first: of two that race, one is refused there and stops. Where
 * that does not decide it (each has reached another holder first), the holders' votes do: nobody can have got enough of
 * them, and the one with the smaller hash signs the next round, which all holders take (rules/quorum.ts, `judgeVote`).
 */
import b4a from 'b4a'
import type { SignedRecord } from '../codec/record.js'
import { type EntryKey, nameOfKey } from '../entry.js'
import { RecordsError } from '../records-error.js'
import type { Expected } from '../rules/acceptance.js'
import { endOf, isAlive } from '../rules/lifetime.js'
import { casQuorum, HOLDERS, judgeVote, putQuorum } from '../rules/quorum.js'
import type { CallContext, WriteContext } from './context.js'
import { deliver, type Delivery } from './deliver.js'
import { type Signer, signRecord } from './key-pair.js'
import { describePut, type PutOutcome, PutTally } from './put-outcome.js'
import { type Holder, isAuthentic, newestOf, survey } from './survey.js'
import { writeKnown } from './write-known.js'

/** What is to be written. */
export interface Draft {
  readonly signer: Signer
  readonly key: EntryKey
  readonly salt: Uint8Array
  readonly topic: Uint8Array | null
  readonly part: Uint8Array | null
  /** The value is the address of a large value. */
  readonly large: boolean
  readonly schema: string
  readonly tombstone: boolean
  readonly value: Uint8Array
  /** Life in ms, where it depends on the newest version known. */
  readonly ttlOf: (newest: SignedRecord | null, nowMs: number) => number
  /** null: one more than the newest. */
  readonly seq: number | null
  readonly expected: Expected
}

export interface Written {
  readonly record: SignedRecord
  readonly outcome: PutOutcome
  /** The outcome when every holder has answered or timed out. Never rejects. */
  readonly settled: Promise<PutOutcome>
}

/** Races with other writers that are run again, with the next seq. */
const MAX_ATTEMPTS = 6

/** Before another attempt: so long at most, times the number of the attempt. */
const BACKOFF_MS = 200

/** Holders that may be silent before the one that decides a race is found. */
const MAX_SILENT_FIRSTS = 3

/** @returns rejects with RecordsError TOO_FEW_STORED or WRITE_CONFLICT */
export async function write(context: WriteContext, draft: Draft): Promise<Written> {
  const guess =
    draft.expected === null && draft.seq === null && !draft.tombstone ? await signGuess(context, draft) : null
  const tried = guess === null ? null : await writeKnown(context, draft.key, guess)
  if (tried?.written) return noted(context, draft, { record: guess!, ...tried.written })
  for (let attempt = 1, found = tried?.survey ?? null; ; attempt++, found = null) {
    const { holders, others } = found ?? (await survey(context, draft.key, { headOnly: true, known: null }))
    const versions = [...holders, ...others].flatMap(({ record }) => (record === null ? [] : [record]))
    const nowMs = context.clock.wallTime()
    const { maxClockSkewMs } = context
    const newest = (await newestOf(versions, draft.key, { isWhole: false, nowMs, maxClockSkewMs })).record
    const isLast = draft.seq !== null || draft.expected !== null || attempt === MAX_ATTEMPTS
    const isGuessed = attempt === 1 && guess !== null && !tried?.isContested && isNext(guess, newest)
    const written = await writeTo(context, holders, draft, newest, isLast, isGuessed ? guess : null)
    if (written !== null) return written
    await context.pause(context.random.below(BACKOFF_MS * attempt))
  }
}

/**
 * Writes to holders that have been looked at already.
 *
 * @param newest the newest version they have; null: none
 * @param isLast a lost race is an error
 * @param signed what to write, where that has been signed already
 * @returns null: another writer was faster. Rejects with RecordsError TOO_FEW_STORED or WRITE_CONFLICT
 */
export async function writeTo(
  context: CallContext,
  holders: readonly Holder[],
  draft: Draft,
  newest: SignedRecord | null,
  isLast = true,
  signed: SignedRecord | null = null,
): Promise<Written | null> {
  const nowMs = context.clock.wallTime()
  checkExpected(draft, newest, nowMs)
  const record = signed ?? (await signNext(draft, newest, nowMs))
  const run = new Writing(context, holders, draft, record)
  const written = await (draft.expected === null ? run.write() : run.compareAndSwap())
  if (written !== null) return noted(context, draft, written)
  const outcome = run.tally.outcome(record)
  if (!run.tally.isContested) throw new RecordsError('TOO_FEW_STORED', describePut(outcome), { outcome })
  if (!isLast) return null
  throw new RecordsError('WRITE_CONFLICT', `another version was written; ${describePut(outcome)}`, { outcome })
}

function noted(context: CallContext, { key }: Draft, written: Written): Written {
  context.seenSeqs.set(nameOfKey(key), written.record.seq)
  return written
}

/** The next version, going by what is known here of the one before. */
async function signGuess(context: CallContext, draft: Draft): Promise<SignedRecord> {
  const { local, seenSeqs, clock } = context
  const here = local === null ? null : await local.store.get(draft.key)
  const seq = Math.max(here?.seq ?? 0, seenSeqs.get(nameOfKey(draft.key)) ?? 0) + 1
  return signNext({ ...draft, seq }, null, clock.wallTime())
}

/** Whether a version that some holders may have by now can be the one that all of them get. */
function isNext(guess: SignedRecord, newest: SignedRecord | null): boolean {
  return newest === null || guess.seq > newest.seq || b4a.equals(guess.signature, newest.signature)
}

/** @throws RecordsError WRITE_CONFLICT when the holders are known to refuse it */
function checkExpected({ expected, seq }: Draft, newest: SignedRecord | null, nowMs: number): void {
  const conflict = (text: string): never => {
    throw new RecordsError('WRITE_CONFLICT', text)
  }
  if (expected !== null) {
    const isThere = newest !== null && !newest.tombstone && isAlive(endOf(newest), nowMs)
    const current = isThere ? newest.seq : null
    if (expected.seq !== current && expected.seq !== (newest?.seq ?? null)) {
      conflict(`expected seq ${expected.seq ?? 'none'}, found ${current ?? 'none'}`)
    }
  }
  if (seq !== null && newest !== null && newest.seq > seq) conflict(`seq ${seq} is older than seq ${newest.seq}`)
}

async function signNext(draft: Draft, newest: SignedRecord | null, nowMs: number): Promise<SignedRecord> {
  const { signer, key, salt, topic, part, large, schema, tombstone, value } = draft
  const seq = draft.seq ?? (newest === null ? 1 : newest.seq + 1)
  const named = { salt, topic, part, schema, channel: key.channel }
  const head = { ...named, large, tombstone, seq, ttlMs: draft.ttlOf(newest, nowMs) }
  const isSame = newest !== null && newest.seq === seq
  // Signing the same version again prolongs its life; it is the newer one, whatever the clocks say.
  const signedAtMs = isSame ? Math.max(nowMs, newest.signedAtMs + 1) : nowMs
  return signRecord(signer, { ...head, signedAtMs, round: isSame ? newest.round : 0 }, value)
}

class Writing {
  readonly #context: CallContext
  readonly #holders: readonly Holder[]
  readonly #draft: Draft
  #record: SignedRecord
  tally: PutTally

  constructor(context: CallContext, holders: readonly Holder[], draft: Draft, record: SignedRecord) {
    this.#context = context
    this.#holders = holders
    this.#draft = draft
    this.#record = record
    this.tally = this.#newTally()
  }

  /** null: too few stored it. */
  async write(): Promise<Written | null> {
    const done = this.#deliverTo(this.#holders)
    await Promise.race([this.#decided, done])
    // Failed or not: whoever has it by the end counts.
    if (!this.tally.isStored) await done
    if (!this.tally.isStored) return null
    return this.#written(done.then(() => this.#settle()))
  }

  /** null: another writer was faster, or too few stored it. */
  async compareAndSwap(): Promise<Written | null> {
    let asked = 0
    while (asked < this.#holders.length && asked < MAX_SILENT_FIRSTS && this.tally.stored.length === 0) {
      await this.#deliverTo([this.#holders[asked++]!])
      if (this.tally.isContested) return null
    }
    await this.#deliverTo(this.#holders.slice(asked))
    if (this.tally.isStored) return this.#written(this.#settle())
    if ((await this.#judge()) !== 'retry') return null
    await this.#signNextRound()
    await this.#deliverTo(this.#holders)
    return this.tally.isStored ? this.#written(Promise.resolve()) : null
  }

  #decide = (): void => {}
  readonly #decided = new Promise<void>((resolve) => (this.#decide = resolve))

  #newTally(): PutTally {
    const { quorum } = this.#context
    const asked = this.#holders.length
    // A network of fewer nodes than a quorum has as many holders as it has nodes.
    const needed = this.#draft.expected === null ? putQuorum(asked, quorum) : casQuorum(asked, quorum)
    return new PutTally(asked, Math.min(needed, HOLDERS))
  }

  async #deliverTo(holders: readonly Holder[]): Promise<void> {
    const { tally } = this
    const delivery: Delivery = { key: this.#draft.key, record: this.#record, expected: this.#draft.expected }
    await Promise.all(
      holders.map(async (holder) => {
        tally.add(await deliver(this.#context, holder, delivery))
        if (tally.isStored) this.#decide()
      }),
    )
  }

  #written(rest: Promise<unknown>): Written {
    const { tally } = this
    const record = this.#record
    const settled = rest.then(
      () => tally.outcome(record),
      () => tally.outcome(record),
    )
    return { record, outcome: tally.outcome(record), settled }
  }

  /** Rivals of the same seq and round, whose signature is the owner's. */
  async #rivals(): Promise<SignedRecord[]> {
    const { seq, round, valueHash } = this.#record
    const rivals: SignedRecord[] = []
    for (const rival of this.tally.rivals) {
      if (rival.seq !== seq || rival.round !== round || b4a.equals(rival.valueHash, valueHash)) continue
      if (await isAuthentic(rival, this.#draft.key)) rivals.push(rival)
    }
    return rivals
  }

  async #judge(): Promise<'won' | 'retry' | 'lost'> {
    const { tally } = this
    const rivals = await this.#rivals()
    if (rivals.length === 0) return 'lost'
    return judgeVote({
      needed: tally.needed,
      ours: tally.stored.length,
      theirs: rivals.length,
      unknown: tally.timedOut.length,
      isFirst: this.#isFirst(rivals),
    })
  }

  #isFirst(rivals: readonly SignedRecord[]): boolean {
    return rivals.every(({ valueHash }) => b4a.compare(this.#record.valueHash, valueHash) < 0)
  }

  /** After it counts: holders that took another value of the same seq are brought to ours, by the next round. */
  async #settle(): Promise<void> {
    const rivals = await this.#rivals()
    // Without a compare-and-swap both may count; then the tie is decided as in a vote.
    if (rivals.length === 0 || (this.#draft.expected === null && !this.#isFirst(rivals))) return
    await this.#signNextRound()
    await this.#deliverTo(this.#holders)
  }

  async #signNextRound(): Promise<void> {
    const signedAtMs = Math.max(this.#context.clock.wallTime(), this.#record.signedAtMs)
    const head = { ...this.#record, round: this.#record.round + 1, signedAtMs }
    this.#record = await signRecord(this.#draft.signer, head, this.#record.value!)
    this.tally = this.#newTally()
  }
}
