/** Arguments of reads and writes: checked, and made into what is to be read or written. */
import b4a from 'b4a'
import type { AbortSignalLike } from '../primitives/signal.js'
import type { WaitOptions } from './client/context.js'
import type { GetOutcome } from './client/get.js'
import { checkPublicKey, checkSigner, type Signer } from './client/key-pair.js'
import type { WatchConfig } from './client/watch.js'
import type { Draft } from './client/write.js'
import { MAX_CHANNEL_BYTES, MAX_SALT_BYTES, MAX_SCHEMA_BYTES, memberSubkey, recordTarget } from './codec/record.js'
import type { EntryKey } from './entry.js'
import { checkNumber, type RecordsConfig } from './options.js'
import { RecordsError } from './records-error.js'
import { endOf, tombstoneTtl } from './rules/lifetime.js'
import { type ChannelLimits, checkSizes, DEFAULT_LIMITS } from './rules/limits.js'
import { HOLDERS } from './rules/quorum.js'

/** Which record of an owner. */
export interface RecordName {
  /** 0 to 64 bytes that tell the records of one owner apart. Default none. */
  salt?: Uint8Array
  /** Namespace with limits of its own, up to 32 bytes of UTF-8. Default `''`. */
  channel?: string
  /** 32-byte key of the set that the record is a member of. Default: it lies alone under a key of its own. */
  topic?: Uint8Array
}

export interface PutOptions extends RecordName, WaitOptions {
  /** Key pair of the owner, or a public key and a function that signs. */
  keyPair: Signer
  /** The value; not to be changed until the write has settled. */
  value: Uint8Array
  /** Number of the version. Default: one more than the newest that the holders know. */
  seq?: number
  /** Compare and swap: write only if this is the seq of the newest version; null: only if there is none. */
  ifSeq?: number | null
  /** Life in ms. Default: the module's `defaultTtlMs`. */
  ttlMs?: number
  /** What the value is, for its readers; up to 64 bytes of UTF-8. */
  schema?: string
  /** Write it again before it ends, for as long as this process lives. Default true. */
  republish?: boolean
}

export interface DeleteOptions extends RecordName, WaitOptions {
  keyPair: Signer
  /** Compare and swap, as with `put`. */
  ifSeq?: number | null
}

export interface GetOptions extends RecordName, WaitOptions {
  /** Resolve with the first valid version instead of the newest of a quorum. Default false. */
  first?: boolean
}

export interface WatchOptions extends RecordName {
  /** Ends the watch. */
  signal?: AbortSignalLike | null
  /** Between two times that holders are asked, in ms: 1000 to 2^31-1. Default 10 s. */
  intervalMs?: number
  /** Between two times that the holders are looked up, in ms. Default 10 minutes. */
  lookupIntervalMs?: number
  /** Holders that are asked at a time: 1 to 20. Default 3. */
  nodes?: number
  /** What is known already: only newer versions are given. */
  known?: GetOutcome | null
}

const NO_SALT = new Uint8Array(0)

/** What a timer can hold. */
const MAX_DELAY_MS = 2 ** 31 - 1

/** @throws TypeError or RangeError; RecordsError RECORD_REFUSED for what exceeds a limit */
export function putDraft(options: PutOptions, config: RecordsConfig): Draft {
  if (typeof options !== 'object' || options === null) throw new TypeError('options must be {keyPair, value}')
  const { value, seq, schema = '', ttlMs } = options
  if (!(value instanceof Uint8Array)) throw new TypeError('value must be a Uint8Array')
  const named = nameDraft(options)
  const limits = config.limitsOf(named.key.channel) ?? DEFAULT_LIMITS
  const refusal = checkSizes(value.length, named.salt.length, limits)
  if (refusal !== null) {
    const { reason, limit, size } = refusal
    throw new RecordsError('RECORD_REFUSED', `${reason}: ${size} bytes, the limit is ${limit}`, { refusal })
  }
  checkText(schema, 'schema', MAX_SCHEMA_BYTES)
  const lifeMs = checkNumber(ttlMs, 'ttlMs', config.defaultTtlMs, 1, limits.maxTtlMs)
  return {
    ...named,
    schema,
    value,
    tombstone: false,
    ttlOf: () => lifeMs,
    seq: seq === undefined ? null : checkNumber(seq, 'seq', 0, 0, Number.MAX_SAFE_INTEGER),
  }
}

/** @throws TypeError or RangeError */
export function deletionDraft(options: DeleteOptions, config: RecordsConfig): Draft {
  if (typeof options !== 'object' || options === null) throw new TypeError('options must be {keyPair}')
  const named = nameDraft(options)
  const limits: ChannelLimits = config.limitsOf(named.key.channel) ?? DEFAULT_LIMITS
  const { maxClockSkewMs } = config
  return {
    ...named,
    schema: '',
    value: NO_SALT,
    tombstone: true,
    seq: null,
    ttlOf: (newest, nowMs) =>
      tombstoneTtl(newest === null ? null : endOf(newest), { maxTtlMs: limits.maxTtlMs, maxClockSkewMs }, nowMs),
  }
}

/** @throws TypeError or RangeError */
export function keyOfRead(publicKey: Uint8Array, name: RecordName): EntryKey {
  return keyOf(checkPublicKey(publicKey, 'publicKey'), name)
}

/** @throws TypeError or RangeError */
export function watchConfig(publicKey: Uint8Array, options: WatchOptions): WatchConfig {
  const { signal = null, known = null } = options
  if (signal !== null && typeof signal.addEventListener !== 'function') {
    throw new TypeError('signal must be an AbortSignal')
  }
  return {
    key: keyOfRead(publicKey, options),
    signal,
    intervalMs: checkNumber(options.intervalMs, 'intervalMs', 10_000, 1_000, MAX_DELAY_MS),
    lookupIntervalMs: checkNumber(options.lookupIntervalMs, 'lookupIntervalMs', 600_000, 1_000, MAX_DELAY_MS),
    nodesAtATime: checkNumber(options.nodes, 'nodes', 3, 1, HOLDERS),
    known: known === null ? null : known.record,
  }
}

type NamedDraft = Pick<Draft, 'signer' | 'key' | 'salt' | 'topic' | 'part' | 'large' | 'expected'>

function nameDraft(options: PutOptions | DeleteOptions): NamedDraft {
  const signer = checkSigner(options.keyPair)
  const { salt = NO_SALT, topic = null, ifSeq } = options
  const key = keyOf(signer.publicKey, options)
  if (ifSeq !== undefined && ifSeq !== null) checkNumber(ifSeq, 'ifSeq', 0, 0, Number.MAX_SAFE_INTEGER)
  return { signer, key, salt, topic, part: null, large: false, expected: ifSeq === undefined ? null : { seq: ifSeq } }
}

function keyOf(publicKey: Uint8Array, { salt = NO_SALT, channel = '', topic }: RecordName): EntryKey {
  if (!(salt instanceof Uint8Array)) throw new TypeError('salt must be a Uint8Array')
  if (salt.length > MAX_SALT_BYTES) {
    throw new RangeError(`salt must be at most ${MAX_SALT_BYTES} bytes, got ${salt.length}`)
  }
  checkChannel(channel)
  if (topic === undefined || topic === null) {
    return { channel, target: recordTarget(publicKey, salt, channel), subkey: NO_SALT }
  }
  return { channel, target: checkTopic(topic), subkey: memberSubkey(publicKey, salt) }
}

/** Where the members of a set lie. @throws TypeError or RangeError */
export function keyOfMembers(topic: Uint8Array, channel = ''): { channel: string; target: Uint8Array } {
  checkText(channel, 'channel', MAX_CHANNEL_BYTES)
  return { channel, target: checkTopic(topic) }
}

/** @throws TypeError or RangeError */
export function checkTopic(topic: unknown): Uint8Array {
  if (!(topic instanceof Uint8Array)) throw new TypeError('topic must be a 32-byte Uint8Array')
  if (topic.length !== 32) throw new RangeError(`topic must be 32 bytes, got ${topic.length}`)
  return topic
}

/** @throws TypeError, RangeError */
export function checkChannel(channel: string): string {
  checkText(channel, 'channel', MAX_CHANNEL_BYTES)
  return channel
}

function checkText(text: unknown, name: string, maxBytes: number): void {
  if (typeof text !== 'string') throw new TypeError(`${name} must be a string`)
  const size = b4a.from(text).length
  if (size > maxBytes) throw new RangeError(`${name} must be at most ${maxBytes} bytes of UTF-8, got ${size}`)
  if (b4a.toString(b4a.from(text)) !== text) throw new RangeError(`${name} must be well-formed text`)
}
