/** Options of the records module: checked, with their defaults. */
import { type Clock, systemClock } from '../primitives/clock.js'
import { type Random, systemRandom } from '../primitives/random.js'
import { MAX_SALT_BYTES } from './codec/record.js'
import type { ChannelDumpOptions } from './dump/channel-dump.js'
import { HYPERDHT_CHANNEL, LARGE_CHANNEL } from './holder/claim.js'
import { type ChannelLimits, DEFAULT_LIMITS } from './rules/limits.js'
import { DEFAULT_PUT_QUORUM, HOLDERS } from './rules/quorum.js'
import type { RecordStore } from './store/contract.js'
import { MemoryStore } from './store/memory-store.js'

export interface RecordsOptions {
  /** Keep records for others, and answer their commands. Default true. */
  serve?: boolean
  /** Answer HyperDHT's storage commands, too. Default: unless the node is a HyperDHT node, which does so itself. */
  hyperdht?: boolean
  /** Where records are kept; opened and closed by the module. Default: in memory. */
  store?: RecordStore
  /** Limits of the default channel, and of channels that have none of their own. */
  limits?: Partial<ChannelLimits>
  /** Limits by channel. `hyperdht` is the channel of what came by HyperDHT's commands, `large` that of large values. */
  channels?: { readonly [channel: string]: Partial<ChannelLimits> }
  /** Keep records of channels that are not named in `channels`. Default true. */
  acceptUnknownChannels?: boolean
  /** Holders that must store a record for a write to count, of twenty: 1 to 20. Default 10. */
  quorum?: number
  /** Life of a record that is written without `ttlMs`. Default 24 hours. */
  defaultTtlMs?: number
  /** How far clocks may differ. Default 2 minutes. */
  maxClockSkewMs?: number
  /** Bring the newest version to holders that lack it when a read notices. Default true. */
  repair?: boolean
  /** Hand records to nodes that have become closer, and look after that every so often. 0: never. Default 10 minutes. */
  refreshIntervalMs?: number
  /** Channels that are kept in files: restored at the start, then dumped in the background. Default none. */
  dumps?: readonly ChannelDumpOptions[]
  /** For tests and simulations: what the node was made with. Default: the machine's own. */
  clock?: Clock
  random?: Random
}

export interface RecordsConfig {
  readonly serve: boolean
  readonly hyperdht: boolean | null
  readonly store: RecordStore
  readonly limitsOf: (channel: string) => ChannelLimits | null
  /** Channels that are always in the statistics. */
  readonly namedChannels: readonly string[]
  readonly quorum: number
  readonly defaultTtlMs: number
  readonly maxClockSkewMs: number
  readonly repair: boolean
  readonly refreshIntervalMs: number
  readonly dumps: readonly ChannelDumpOptions[]
  readonly clock: Clock
  readonly random: Random
}

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000
const MAX_DELAY_MS = 2 ** 31 - 1

/** HyperDHT's values are as long as their datagrams: with all that comes beside them, this fits ours of 2048 bytes. */
const HYPERDHT_LIMITS: Partial<ChannelLimits> = { maxValueBytes: 1700 }

/** Life of HyperDHT's values at its own nodes. */
export const HYPERDHT_TTL_MS = 48 * HOUR_MS

/** Times are signed and sent, as integers. */
function inWholeMs(clock: Clock): Clock {
  return {
    now: () => clock.now(),
    wallTime: () => Math.floor(clock.wallTime()),
    after: (delayMs, fn, background) => clock.after(delayMs, fn, background),
  }
}

/** @throws TypeError or RangeError for an option that makes no sense */
export function parseOptions(options: RecordsOptions = {}): RecordsConfig {
  if (typeof options !== 'object' || options === null) throw new TypeError('options must be an object')
  const limits = mergeLimits(DEFAULT_LIMITS, options.limits, 'limits')
  const channels = new Map<string, ChannelLimits>()
  channels.set(HYPERDHT_CHANNEL, mergeLimits({ ...limits, ...HYPERDHT_LIMITS }, {}, HYPERDHT_CHANNEL))
  channels.set(LARGE_CHANNEL, limits)
  for (const [name, own] of Object.entries(options.channels ?? {})) {
    channels.set(name, mergeLimits(channels.get(name) ?? limits, own, `channels.${name}`))
  }
  const { dumps = [] } = options
  if (!Array.isArray(dumps)) throw new TypeError('dumps must be an array of {path, channel, intervalMs}')
  if (options.serve === false && dumps.length > 0) throw new TypeError('dumps: serve is false, so there is nothing')
  const acceptsUnknown = checkBoolean(options.acceptUnknownChannels, 'acceptUnknownChannels', true)
  return {
    serve: checkBoolean(options.serve, 'serve', true),
    hyperdht: options.hyperdht === undefined ? null : checkBoolean(options.hyperdht, 'hyperdht', true),
    store: options.store ?? new MemoryStore(),
    limitsOf: (channel) => channels.get(channel) ?? (acceptsUnknown || channel === '' ? limits : null),
    namedChannels: ['', ...channels.keys()].filter((name, i, all) => all.indexOf(name) === i),
    dumps: [...dumps],
    quorum: checkNumber(options.quorum, 'quorum', DEFAULT_PUT_QUORUM, 1, HOLDERS),
    defaultTtlMs: checkNumber(options.defaultTtlMs, 'defaultTtlMs', 24 * HOUR_MS, 1, limits.maxTtlMs),
    maxClockSkewMs: checkNumber(options.maxClockSkewMs, 'maxClockSkewMs', 2 * MINUTE_MS, 0, 24 * HOUR_MS),
    repair: checkBoolean(options.repair, 'repair', true),
    refreshIntervalMs: checkNumber(options.refreshIntervalMs, 'refreshIntervalMs', 10 * MINUTE_MS, 0, MAX_DELAY_MS),
    clock: inWholeMs(options.clock ?? systemClock),
    random: options.random ?? systemRandom,
  }
}

function mergeLimits(base: ChannelLimits, own: Partial<ChannelLimits> | undefined, name: string): ChannelLimits {
  if (own === undefined) return base
  if (typeof own !== 'object' || own === null) throw new TypeError(`${name} must be an object`)
  const limits = { ...base, ...own }
  for (const [key, value] of Object.entries(own)) {
    if (!(key in DEFAULT_LIMITS)) throw new TypeError(`${name}.${key} is no limit`)
    if (typeof value !== 'number' || Number.isNaN(value) || value < 0) {
      throw new RangeError(`${name}.${key} must be a number of 0 or more, got ${String(value)}`)
    }
  }
  if (limits.maxSaltBytes > MAX_SALT_BYTES) {
    throw new RangeError(`${name}.maxSaltBytes must be at most ${MAX_SALT_BYTES}`)
  }
  return limits
}

function checkBoolean(value: unknown, name: string, standard: boolean): boolean {
  if (value === undefined) return standard
  if (typeof value !== 'boolean') throw new TypeError(`${name} must be a boolean`)
  return value
}

/** @throws TypeError, RangeError */
export function checkNumber(value: unknown, name: string, standard: number, least: number, most: number): number {
  if (value === undefined) return standard
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number`)
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`${name} must be an integer from ${least} to ${most}, got ${value}`)
  }
  return value
}
