/**
 * `xorpc/records`: store, find and keep data on the network.
 *
 * @module xorpc/records
 */
export { MemoryStore } from './store/memory-store.js'
export { DEFAULT_LIMITS } from './rules/limits.js'
export type { Entry, EntryKey, EntryKind } from './entry.js'
export type { ChannelLimits } from './rules/limits.js'
export type { Refusal, RefusalReason } from './rules/refusal.js'
export type { ListPage, ListQuery, RecordStore, StoreUsage } from './store/contract.js'
