/** What the page is told about the network, as plain data that may cross to another thread. */
import type { StoryPhase, StoryNodeStatus } from './lookup-story.js'

/** What the picture can show fluently, and a tab simulate in real time. */
export const MAX_NODES = 1000

/** Simulated: lives in the tab. Real: other machines, or processes, behind a gateway. */
export type NetworkKind = 'simulated' | 'real'

export type NodeRole = 'bootstrapper' | 'node' | 'self'

/** A node in the picture. */
export interface NodeView {
  /** Number of the node, from 1; never used again. */
  key: number
  role: NodeRole
  /** 64 hexadecimal digits; the provisional id, which only the node itself uses, while it is ephemeral. */
  id: string
  host: string
  port: number
  up: boolean
  persistent: boolean
  /** What stands between it and the network. */
  nat: 'open' | 'firewalled' | 'consistent' | 'randomized'
  /** Side of a cut network, 0 or 1. */
  side: number
  /** It holds the value that is looked for or written now. */
  holds: boolean
}

export interface ContactView {
  id: string
  host: string
  port: number
  /** Smoothed round-trip time; null while unknown. */
  rttMs: number | null
}

/** One k-bucket: the contacts that share so many bits with the node's id. */
export interface BucketView {
  bits: number
  contacts: ContactView[]
}

/** All about the selected node. */
export interface NodeDetails {
  key: number
  /** Why it is ephemeral; null: it is persistent. */
  ephemeralReason: string | null
  /** How others see it; null while unknown. */
  seenAs: string | null
  firewalled: boolean
  online: boolean
  tableSize: number
  k: number
  buckets: BucketView[]
  /** Its own estimate of the size of the network; null while it has none. */
  estimate: number | null
  /** Requests of others, and its own. */
  received: number
  sent: number
  /** Values it keeps, those of the last writes first. */
  values: { target: string; text: string }[]
}

export interface LookupNodeView {
  host: string
  port: number
  id: string
  sharedBits: number
  hop: number
  status: StoryNodeStatus
  /** Id of the node that named it first; null: it was known from the start. */
  by: string | null
  rttMs: number | null
  /** First digits of the token it gave; null: none. */
  token: string | null
  hasValue: boolean
  commit: 'asked' | 'accepted' | 'refused' | null
}

export interface LookupView {
  number: number
  title: string
  /** Id of the node that asks. */
  asker: string
  target: string
  phase: StoryPhase
  error: string | null
  /** Virtual milliseconds since it began. */
  tookMs: number
  asked: number
  answered: number
  failed: number
  hops: number
  /** Known and not asked, nearest first. */
  frontier: LookupNodeView[]
  /** Asked, no answer yet. */
  waiting: LookupNodeView[]
  /** Answered, nearest first, at most 20. */
  closest: LookupNodeView[]
  /** All others that matter for the picture. */
  rest: LookupNodeView[]
  /** Text of the value that was found; null: none. */
  value: string | null
}

/** A node that holds the watched record, or should. */
export interface RecordNodeView {
  /** Number of the node. */
  key: number
  /** Number of the version that it holds; null: none. */
  seq: number | null
  /** The version says that the record is deleted. */
  isDeleted: boolean
}

/** The record that is watched: who holds which version of it. */
export interface RecordView {
  name: string
  target: string
  /** The newest version that a living node holds; null: none does. */
  seq: number | null
  isDeleted: boolean
  /** Virtual time until its end; null: nobody holds one. */
  endsInMs: number | null
  /** The twenty living nodes closest to it, nearest first: they should hold it. */
  closest: RecordNodeView[]
  /** Nodes that hold it besides. */
  others: RecordNodeView[]
  /** What has happened to it, oldest first. */
  history: { atMs: number; text: string }[]
}

/** A datagram on its way, in virtual time. */
export interface Flight {
  fromKey: number
  toKey: number
  sentAtMs: number
  tookMs: number
}

export interface LogEntry {
  number: number
  /** Virtual. */
  atMs: number
  /** `notice`: told to screen readers as well. */
  level: 'detail' | 'notice' | 'error'
  text: string
}

/** A line that the visitor's code printed. */
export interface ConsoleLine {
  kind: 'log' | 'error' | 'info'
  text: string
}

export interface NetworkNumbers {
  nodes: number
  persistent: number
  ephemeral: number
  firewalled: number
  dead: number
  sent: number
  delivered: number
  lost: { reason: string; count: number }[]
  lookups: number
  /** Of the lookups that are over; NaN without any. */
  meanLookupMs: number
  meanRequests: number
}

/** One point of the charts. */
export interface Sample {
  /** Seconds, virtual. */
  at: number
  /** Datagrams a second. */
  sent: number
  lost: number
  nodes: number
  persistent: number
}

export interface Task {
  label: string
  done: number
  total: number
}

export interface ClockView {
  nowMs: number
  paused: boolean
  speed: number
  /** As fast as the machine can. */
  hurrying: boolean
  /** Share of the wanted speed that the machine managed, 0 to 1. */
  keptUp: number
}

/** What has changed since the last frame; null and empty: nothing. */
export interface Frame {
  kind: NetworkKind
  /** Another number: another network, whose nodes have nothing to do with those before. */
  epoch: number
  clock: ClockView
  task: Task | null
  changed: NodeView[]
  removed: number[]
  /** Number of the selected node: the visitor's code may select one as well. */
  selected: number | null
  details: NodeDetails | null
  lookup: LookupView | null
  record: RecordView | null
  flights: Flight[]
  log: LogEntry[]
  numbers: NetworkNumbers | null
  samples: Sample[]
  console: ConsoleLine[]
  /** The visitor's code runs. */
  running: boolean
  loss: number
  cut: boolean
  /** Of a real network: how it goes; null: simulated. */
  connection: ConnectionView | null
}

export interface ConnectionView {
  state: 'connecting' | 'connected' | 'failed'
  gateway: string
  message: string
}
