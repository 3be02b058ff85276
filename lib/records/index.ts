/**
 * `xorpc/records`: store, find and keep data on the network.
 *
 * @module xorpc/records
 */
export { ChannelDump } from './dump/channel-dump.js'
export { recordStoreChecks } from './store/conformance.js'
export { LevelStore } from './store/level-store.js'
export { MemoryStore } from './store/memory-store.js'
export { DEFAULT_LIMITS } from './rules/limits.js'
export type { Entry, EntryKey, EntryKind } from './entry.js'
export type { ChannelLimits } from './rules/limits.js'
export type { Refusal, RefusalReason } from './rules/refusal.js'
export type { ListPage, ListQuery, RecordStore, StoreUsage } from './store/contract.js'
export type {
  ChannelDumpEvents,
  ChannelDumpOptions,
  DumpHealth,
  DumpReport,
  DumpSource,
  RestoreOutcome,
  RestoreReport,
} from './dump/channel-dump.js'
export type { RefusedFile } from './dump/dump-file.js'
export type { RecordStoreCheck, StorePlace } from './store/conformance.js'
export type { LevelDatabase, LevelStoreOptions } from './store/level-store.js'
