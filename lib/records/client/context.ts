/** What reading and writing needs: the node, our own store where we are a holder ourselves, time and numbers. */
import type { DHT } from '../../node/dht.js'
import type { Session } from '../../node/session.js'
import type { Clock } from '../../primitives/clock.js'
import type { Random } from '../../primitives/random.js'
import type { AbortSignalLike } from '../../primitives/signal.js'
import type { Admission } from '../holder/admission.js'
import type { BoundedMap } from '../holder/bounded-map.js'
import type { Summaries } from '../holder/summaries.js'
import type { ExpectedHolders } from '../rules/expected-holders.js'
import type { ChannelLimits } from '../rules/limits.js'
import type { RecordStore } from '../store/contract.js'
import type { KnownNodes } from './known-nodes.js'

/** How long a call may wait. */
export interface WaitOptions {
  /** Ends the waiting with the signal's reason. */
  signal?: AbortSignalLike | null
  /** Milliseconds from the call until it fails with DEADLINE_EXCEEDED. */
  deadlineMs?: number
}

/** Our own store, asked and written like that of any other holder. */
export interface LocalHolder {
  readonly store: RecordStore
  readonly admission: Admission
  readonly summaries: Summaries
}

export interface ClientContext {
  readonly node: DHT
  readonly clock: Clock
  readonly random: Random
  /** null: we hold nothing. */
  readonly local: LocalHolder | null
  readonly limitsOf: (channel: string) => ChannelLimits | null
  /** Holders that a write needs, of twenty. */
  readonly quorum: number
  readonly maxClockSkewMs: number
  readonly expectedHolders: ExpectedHolders
  /** Numbers of the newest versions that were written and read here, by `nameOfKey`. */
  readonly seenSeqs: BoundedMap<number>
  /** Nodes that know this module's commands, and nodes that know HyperDHT's. */
  readonly knownNodes: { readonly records: KnownNodes; readonly hyperdht: KnownNodes }
}

/** The same for one call: everything it asks is asked in this session. */
export interface CallContext extends ClientContext {
  readonly session: Session
}

/** The same for a call that may lose a race and try again. */
export interface WriteContext extends CallContext {
  /** Resolves after so long; rejects at once when the call is ended meanwhile. */
  readonly pause: (delayMs: number) => Promise<void>
}
