/**
 * The one door into the store. Whatever way a record comes - put, handover, reconciliation, restore - it is stored only
 * if it is the owner's (or is what its key says), alive, newer than what is there, and within the limits.
 */
import { type Entry, ENTRY_OVERHEAD_BYTES, type EntryKey, entrySizeBytes } from '../entry.js'
import { toHex } from '../hex.js'
import { decideAcceptance, type Expected } from '../rules/acceptance.js'
import { heldUntil, isAlive } from '../rules/lifetime.js'
import { type ChannelLimits, checkRoom } from '../rules/limits.js'
import type { Refusal } from '../rules/refusal.js'
import type { RecordStore } from '../store/contract.js'
import { type Counted, countedOf } from '../store/usage-ledger.js'
import type { Accounts } from './accounts.js'
import {
  candidateOf,
  checkSegment,
  type Claim,
  type ClaimRules,
  entryOf,
  HYPERDHT_CHANNEL,
  isGenuine,
  isStoredAs,
  keyOfClaim,
  precheck,
  proofOf,
} from './claim.js'
import { KeyLock } from './key-lock.js'

export interface Admitted {
  /** Why it was not stored; null: it is stored, now or before. */
  readonly refusal: Refusal | null
  /** What lies under the key now; null where nothing does, or nobody looked. */
  readonly entry: Entry | null
  /** Whether a new version was stored. */
  readonly changed: boolean
}

export interface AdmissionOptions {
  readonly store: RecordStore
  /** Wall time in ms. */
  readonly wallTime: () => number
  /** Limits of a channel; null: records of this channel are not accepted. */
  readonly limitsOf: (channel: string) => ChannelLimits | null
  readonly maxClockSkewMs: number
  /** Life of what does not say how long it lives. */
  readonly defaultTtlMs: number
  /** Told of each new version that was stored. */
  readonly onStored?: (entry: Entry) => void
  /** Where it is counted what came in, and what was swept away. */
  readonly accounts: Accounts
}

/** Records being looked at at a time; more are refused, or a flood of them would fill the memory. */
const MAX_PENDING = 4096

/** Ended entries that are swept away to make room for a new one. */
const SWEEP_LIMIT = 256

export class Admission {
  readonly #options: AdmissionOptions
  readonly #lock = new KeyLock()
  #pending = 0
  /** Writes, of any key: each counts when it begins, and when it has ended well. */
  #changes = 0

  constructor(options: AdmissionOptions) {
    this.#options = options
  }

  /**
   * Stores what a claim says, if it may.
   *
   * @param expected of a compare-and-swap; null: it is none
   * @param heldUntilMs wall time until which a former holder remembers it
   * @returns rejects when the store fails
   */
  async admit(claim: Claim, expected: Expected = null, heldUntilMs = 0): Promise<Admitted> {
    if (this.#pending >= MAX_PENDING) return this.#refuse({ reason: 'BUSY' }, channelOf(claim))
    this.#pending++
    try {
      return await this.#judge(claim, expected, heldUntilMs)
    } finally {
      this.#pending--
    }
  }

  /** Stores an entry that has been verified elsewhere, if there is room. It replaces what lies there. */
  async admitVerified(entry: Entry): Promise<Admitted> {
    const limits = this.#options.limitsOf(entry.channel)
    if (limits === null) return this.#refuse({ reason: 'CHANNEL_UNKNOWN' }, entry.channel)
    return this.#lock.run(lockName(entry), async () => this.#write(entry, await this.#options.store.get(entry), limits))
  }

  /**
   * Why a segment of a large value would be refused now, whatever is in it: to be told before it is collected.
   *
   * @returns the refusal, which has been counted; null: it would not
   */
  async foresee(key: EntryKey, sizeBytes: number, expiresAtMs: number): Promise<Refusal | null> {
    const limits = this.#options.limitsOf(key.channel)
    if (limits === null) return this.refuse({ reason: 'CHANNEL_UNKNOWN' }, key.channel)
    const need = { ...key, owner: null, sizeBytes: ENTRY_OVERHEAD_BYTES + sizeBytes + key.subkey.length }
    const refusal =
      checkSegment(sizeBytes, expiresAtMs, this.#rulesOf(limits)) ?? (await this.#findRoom(need, need, null, limits))
    return refusal === null ? null : this.refuse(refusal, key.channel)
  }

  /** Counts a refusal, which may have been found elsewhere. @returns the same */
  refuse(refusal: Refusal, channel: string): Refusal {
    this.#options.accounts.countRefusal(refusal.reason, channel)
    return refusal
  }

  /** Deletes ended entries, `limit` at most. @returns how many; rejects when the store fails */
  async sweep(limit: number): Promise<number> {
    const { store, wallTime, accounts } = this.#options
    let sum = 0
    for (const [channel, count] of await store.sweep(wallTime(), limit)) {
      sum += count
      accounts.count(channel, (account) => (account.swept += count))
    }
    return sum
  }

  /** Deletes an entry, in turn with those who write it. */
  remove(key: EntryKey): Promise<boolean> {
    return this.#lock.run(lockName(key), () => this.#options.store.delete(key))
  }

  async #judge(claim: Claim, expected: Expected, heldUntilMs: number): Promise<Admitted> {
    const { store, limitsOf, wallTime } = this.#options
    const key = keyOfClaim(claim)
    const limits = limitsOf(key.channel)
    if (limits === null) return this.#refuse({ reason: 'CHANNEL_UNKNOWN' }, key.channel)
    const rules = this.#rulesOf(limits)
    const refusal = precheck(claim, key.target, rules)
    if (refusal !== null) return this.#refuse(refusal, key.channel)
    const proof = proofOf(claim)
    const changes = this.#changes
    const known = await store.get(key)
    if (known !== null && isStoredAs(claim, known, proof)) return this.#renew(claim, known, rules)
    if (!(await isGenuine(claim, proof))) return this.#refuse({ reason: 'BAD_SIGNATURE' }, key.channel)
    // A stranger's word on how long to remember counts for no more than the longest life.
    const memoryMs = Math.min(heldUntilMs, rules.nowMs + limits.maxTtlMs)
    const genuine = entryOf(claim, rules, key, proof)
    const entry = memoryMs > genuine.heldUntilMs ? { ...genuine, heldUntilMs: memoryMs } : genuine
    return this.#lock.run(lockName(key), async () => {
      // Where nothing was there and nothing was written since, nothing is there.
      const stored = known === null && changes === this.#changes ? null : await store.get(key)
      const isStoredAlive = stored !== null && !stored.tombstone && isAlive(stored.expiresAtMs, wallTime())
      const before = stored === null ? null : candidateOf(stored)
      const verdict = decideAcceptance(candidateOf(entry), before, isStoredAlive, expected)
      if (verdict === 'known') return this.#know(stored!)
      if (verdict !== 'store') return this.#refuse({ reason: verdict }, key.channel, stored)
      return this.#write(entry, stored, limits)
    })
  }

  #rulesOf(limits: ChannelLimits): ClaimRules {
    const { wallTime, maxClockSkewMs, defaultTtlMs } = this.#options
    return { limits, nowMs: wallTime(), maxTtlMs: limits.maxTtlMs, maxClockSkewMs, defaultTtlMs }
  }

  /** The very bytes that are stored, which have been verified. What says no end of its own begins its life anew. */
  #renew(claim: Claim, known: Entry, rules: ClaimRules): Admitted | Promise<Admitted> {
    if (claim.kind === 'record') return this.#know(known)
    const { expiresAtMs } = entryOf(claim, rules)
    if (expiresAtMs <= known.expiresAtMs) return this.#know(known)
    const entry = { ...known, expiresAtMs, heldUntilMs: Math.max(expiresAtMs, known.heldUntilMs) }
    return this.#lock.run(lockName(known), async () => {
      const stored = await this.#options.store.get(known)
      if (stored !== null && isStoredAs(claim, stored)) await this.#options.store.put(entry)
      return this.#know(entry)
    })
  }

  async #write(entry: Entry, stored: Entry | null, limits: ChannelLimits): Promise<Admitted> {
    const { store, accounts, maxClockSkewMs, onStored } = this.#options
    const heldUntilMs = heldUntil(entry.heldUntilMs, stored, maxClockSkewMs)
    const lasting = heldUntilMs === entry.heldUntilMs ? entry : { ...entry, heldUntilMs }
    const refusal = await this.#findRoom(countedOf(lasting), lasting, stored, limits)
    if (refusal !== null) return this.#refuse(refusal, entry.channel, stored)
    this.#changes++
    await store.put(lasting)
    this.#changes++
    accounts.count(entry.channel, ({ admitted }) => admitted.stored++)
    onStored?.(lasting)
    return { refusal: null, entry: lasting, changed: true }
  }

  async #findRoom(need: Counted, key: EntryKey, stored: Entry | null, limits: ChannelLimits): Promise<Refusal | null> {
    const refusal = this.#checkRoom(need, stored, limits)
    if (refusal === null) return null
    // What has ended is in the way until it is swept. The one to be replaced may be among it, which frees less then.
    const swept = await this.sweep(SWEEP_LIMIT)
    return swept === 0 ? refusal : this.#checkRoom(need, await this.#options.store.get(key), limits)
  }

  #checkRoom(need: Counted, stored: Entry | null, limits: ChannelLimits): Refusal | null {
    const { store } = this.#options
    const count = stored === null ? 0 : 1
    const freed = stored === null ? 0 : entrySizeBytes(stored)
    const channel = store.usage(need.channel)
    const owner = need.owner === null ? null : store.usageOfOwner(need.channel, need.owner)
    return checkRoom(
      need.sizeBytes,
      {
        channel: { entries: channel.entries - count, bytes: channel.bytes - freed },
        owner: owner === null ? null : { entries: owner.entries - count, bytes: owner.bytes - freed },
        values: store.countOf(need.channel, need.target) - count,
      },
      limits,
    )
  }

  #know(entry: Entry): Admitted {
    this.#options.accounts.count(entry.channel, ({ admitted }) => admitted.known++)
    return { refusal: null, entry, changed: false }
  }

  #refuse(refusal: Refusal, channel: string, entry: Entry | null = null): Admitted {
    return { refusal: this.refuse(refusal, channel), entry, changed: false }
  }
}

function channelOf(claim: Claim): string {
  if (claim.kind === 'record') return claim.record.channel
  return claim.kind === 'mutable' ? HYPERDHT_CHANNEL : claim.channel
}

function lockName({ channel, target, subkey }: EntryKey): string {
  return `${toHex(target)}${toHex(subkey)}/${channel}`
}
