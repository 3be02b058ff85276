/**
 * `xorpc/records`: store, find and keep data on the network.
 *
 * @module xorpc/records
 */
export { ChannelDump } from './dump/channel-dump.js'
export { recordStoreChecks } from './store/conformance.js'
export { LevelStore } from './store/level-store.js'
export { Records } from './records.js'
export { RecordsError } from './records-error.js'
export { Collections } from './client/collections.js'
export { HyperdhtStorage } from './client/hyperdht.js'
export { LargeReading } from './client/large-reading.js'
export { LargeValues } from './client/large.js'
export { RecordSets } from './client/sets.js'
export { Watch } from './client/watch.js'
export { MemoryStore } from './store/memory-store.js'
export { DEFAULT_LIMITS } from './rules/limits.js'

export type { PutResult, RecordsEvents, RecordsStats } from './records.js'
export type { RecordsHealth } from './health.js'
export type { RecordsErrorDetails } from './records-error.js'
export type { RecordsOptions } from './options.js'
export type { DeleteOptions, GetOptions, PutOptions, RecordName, WatchOptions } from './record-options.js'
export type {
  CollectionName,
  CollectionOutcome,
  CollectionReadOptions,
  CollectionRenewOptions,
  CollectionUpdateOptions,
} from './client/collections.js'
export type { CollectionRead } from './client/collection-read.js'
export type { MemberDeleteOptions, MemberPutOptions, SetMember, SetRead, SetReadOptions } from './client/sets.js'
export type { LargeAddress } from './client/large-members.js'
export type { KnownSet, SetFreshness } from './client/set-read.js'
export type { WatchStats } from './client/watch.js'
export type { CollectionEntry } from './rules/parts.js'
export type { WaitOptions } from './client/context.js'
export type { PutOutcome, Refused } from './client/put-outcome.js'
export type { Freshness, GetOutcome, RecordState } from './client/get.js'
export type { Signer } from './client/key-pair.js'
export type { AnnounceOptions, MutableFound, MutableGetOptions, PeersFound } from './client/hyperdht.js'
export type {
  LargeGetOptions,
  LargePutOptions,
  LargePutResult,
  LargeRenewed,
  LargeRenewOptions,
} from './client/large.js'
export type { LargeProgress } from './client/large-reading.js'
export type { LargeSource, ReadableStreamLike } from './client/large-source.js'
export type { AnnouncedPeer, MutableValue } from './codec/hyperdht.js'
export type { RecordHead, SignedRecord } from './codec/record.js'
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
export type { AdmissionCounts, TransferCounts } from './holder/accounts.js'
export type { ChannelStats, HolderStats } from './holder/holder.js'
export type { KeyPair } from '../primitives/ed25519.js'
