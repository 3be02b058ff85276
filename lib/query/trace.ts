/**
 * The events of a traced lookup: every hop, as plain data (numbers, strings, null, arrays), so that a trace survives
 * JSON, `structuredClone` and a comparison as it is, and needs nothing else to be drawn from.
 *
 * The story of a lookup, which holds for every trace:
 * - `started` comes first, once; `done` last, once; `atMs` never decreases.
 * - A node is `learnt` before anything else happens to it; again only where a crowded lookup had forgotten it.
 * - The walk asks a node once. Where it is asked once more, about another target, the events of that have `side` true.
 * - What was asked is `answered` or `failed`, once, or is among the `waiting` of `done`; before that it may be `slow`
 *   (once), `retried` (any number of times) and `presumed-dead` (once, after `slow`).
 * - Commits come after the walk: every `commit-asked` is `commit-accepted` or `commit-refused`, unless the query ends
 *   before.
 */

/** A node as a lookup sees it. Events about the same node share the object: read only. */
export interface TraceNode {
  readonly host: string
  readonly port: number
  /** Its 32-byte id, 64 hexadecimal digits. */
  readonly id: string
  /** Leading bits that its id shares with the target, 0 to 256: the nearer, the more. */
  readonly sharedBits: number
  /** Length of the chain of replies that led to it: 0 for a node to start from. */
  readonly hop: number
}

/**
 * What a lookup is for. `query` and `find-node` are the application's; the node's own are `join`, and `refresh` for the
 * upkeep of its routing table.
 */
export type LookupKind = 'query' | 'find-node' | 'join' | 'refresh'

/** How a lookup came to know a node: a table, a list, the caller's own nodes, or a reply. */
export type LearntFrom = 'table' | 'bootstrap' | 'options' | 'reply'

/** What all events have. */
interface Step {
  /** Number of the lookup among the traced ones of its node, from 1. */
  readonly lookup: number
  /** Milliseconds since the lookup started, by the node's clock. */
  readonly atMs: number
}

/** The lookup begins. */
export interface LookupStarted extends Step {
  readonly type: 'started'
  readonly kind: LookupKind
  /** What the nodes are asked; for `find-node` and the node's own lookups the protocol's own command 2. */
  readonly command: number
  /** The 32-byte target, 64 hexadecimal digits. */
  readonly target: string
  /** What the node's monotonic clock said: it relates lookups of the same node to each other. */
  readonly startedAtMs: number
}

/** A node is new to the lookup. */
export interface NodeLearnt extends Step {
  readonly type: 'learnt'
  readonly node: TraceNode
  readonly from: LearntFrom
  /** Whose reply named it first; null where `from` is not `reply`. */
  readonly by: TraceNode | null
}

/** A node is asked. The first transmission leaves at once, unless the window of the node is full. */
export interface NodeAsked extends Step {
  readonly type: 'asked'
  readonly node: TraceNode
  /** Requests of this lookup without an outcome, this one included. */
  readonly inFlight: number
  /** A question beside the walk, to a node that has answered: whom it knows elsewhere, as others leave nodes out. */
  readonly side: boolean
}

/** A node takes longer than most: the lookup asks others in its place, and still listens. */
export interface NodeSlow extends Step {
  readonly type: 'slow'
  readonly node: TraceNode
  /** Milliseconds since it was asked. */
  readonly afterMs: number
}

/** A node is asked again, as there was no answer in time. */
export interface NodeRetried extends Step {
  readonly type: 'retried'
  readonly node: TraceNode
  readonly afterMs: number
  /** Number of the transmission that follows: 2 for the first repetition. */
  readonly transmission: number
  /** It was a question beside the walk. */
  readonly side: boolean
}

/** Nobody waits for a node any more, though its answer would still count. */
export interface NodePresumedDead extends Step {
  readonly type: 'presumed-dead'
  readonly node: TraceNode
  readonly afterMs: number
}

/** A node has answered. */
export interface NodeAnswered extends Step {
  readonly type: 'answered'
  readonly node: TraceNode
  /** Milliseconds since it was asked; after a repetition more than `rttMs`. */
  readonly afterMs: number
  /** Milliseconds from the transmission it answered to its answer. */
  readonly rttMs: number
  /** Error number it answered with; 0 for none. */
  readonly error: number
  /** Nodes it named. */
  readonly named: number
  /** How many of them were new to the lookup, and a `learnt` of their own. */
  readonly learnt: number
  /** Its place among the closest replies now, 1 for the nearest; null when it is none of them. */
  readonly rank: number | null
  /** The walk was over: the lookup took no notice, only the routing table did. */
  readonly late: boolean
  /** The answer to a question beside the walk. */
  readonly side: boolean
}

/** A node has left all transmissions unanswered, or could not be asked. */
export interface NodeFailed extends Step {
  readonly type: 'failed'
  readonly node: TraceNode
  readonly afterMs: number
  /** Code of the DHTError: `REQUEST_TIMEOUT`, `SEND_FAILED`, or what ended the lookup. */
  readonly error: string
  /** It was a question beside the walk. */
  readonly side: boolean
}

/** A node is sent the commit. */
export interface CommitAsked extends Step {
  readonly type: 'commit-asked'
  readonly node: TraceNode
}

/** A node has taken the commit, or the commit function's promise was fulfilled. */
export interface CommitAccepted extends Step {
  readonly type: 'commit-accepted'
  readonly node: TraceNode
  /** Milliseconds since the commit to it began. */
  readonly afterMs: number
}

/** A node did not take the commit. */
export interface CommitRefused extends Step {
  readonly type: 'commit-refused'
  readonly node: TraceNode
  readonly afterMs: number
  /** Code of a DHTError, name of another error. */
  readonly error: string
  readonly message: string
}

/** The lookup is over, its commits included. */
export interface LookupDone extends Step {
  readonly type: 'done'
  /**
   * null for a natural end. Else the code of the DHTError, or the name of the error, that ended it: `REQUEST_DESTROYED`
   * for one that was destroyed, as by leaving its loop.
   */
  readonly error: string | null
  /** Senders of the closest replies, nearest first, at most 20. */
  readonly closest: readonly TraceNode[]
  /** Requests of the walk, that is `answered` + `failed` + `waiting`; commits are not counted. */
  readonly asked: number
  readonly answered: number
  readonly failed: number
  /** Requests that may still be answered, too late for this lookup. */
  readonly waiting: number
  /** Requests of the walk and their repetitions: its datagrams are these and the answers. */
  readonly transmissions: number
}

/**
 * One step of a lookup, told apart by `type`.
 *
 * @example
 * const trace = []
 * await node.findNode(target, { trace: (event) => trace.push(event) }).finished()
 * const slowest = trace.filter(({ type }) => type === 'answered').sort((a, b) => b.rttMs - a.rttMs)[0]
 * console.log(slowest.node.host, formatTrace(trace))
 */
export type LookupEvent =
  | LookupStarted
  | NodeLearnt
  | NodeAsked
  | NodeSlow
  | NodeRetried
  | NodePresumedDead
  | NodeAnswered
  | NodeFailed
  | CommitAsked
  | CommitAccepted
  | CommitRefused
  | LookupDone
