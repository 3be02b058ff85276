/**
 * Traces as text for people: what happened, a line for each event, or who took part, a line for each node. Pure: the
 * same events give the same text.
 */
import type { LearntFrom, LookupEvent, LookupStarted, TraceNode } from './trace.js'

/** How {@link formatTrace} writes. */
export interface TraceTextOptions {
  /** `events` (default): a line for each event, in order. `nodes`: a line for each node asked, nearest first. */
  layout?: 'events' | 'nodes'
  /** With `events`: also a line for each node that is learnt. Default false: those to start from in one line. */
  learnt?: boolean
}

/** Digits of a target that are shown: enough to tell one from the other. */
const TARGET_DIGITS = 16

const VERBS = {
  learnt: 'learn',
  asked: 'ask',
  slow: 'slow',
  retried: 'retry',
  'presumed-dead': 'give up',
  answered: 'answer',
  failed: 'fail',
  'commit-asked': 'commit',
  'commit-accepted': 'accepted',
  'commit-refused': 'refused',
  done: 'done',
} as const

const SOURCES = {
  table: 'the table',
  bootstrap: 'bootstrap',
  options: 'the options',
  reply: 'a reply',
} as const satisfies Record<LearntFrom, string>

/**
 * The text of a trace: a heading and lines for each lookup in it, without a line break at the end.
 *
 * @param events of one lookup or of several, in the order in which they were told; may be a part of a trace
 * @param options see {@link TraceTextOptions}
 * @throws TypeError for a layout that there is not
 * @example
 * const trace = []
 * await node.findNode(target, { trace: (event) => trace.push(event) }).finished()
 * console.log(formatTrace(trace))
 * // lookup 1: find-node b7f1c2d3e4a50617…
 * //      0 ms  learn     40 from the table
 * //      0 ms  ask       20.0.0.9:49737    6 bits  1 on the way
 * //     84 ms  answer    20.0.0.9:49737    6 bits  in 84 ms, named 20, 14 new, rank 1
 * //    …
 * //    391 ms  done      20 found; 27 asked, 26 answered, 0 failed, 1 open; 28 transmissions
 */
export function formatTrace(events: readonly LookupEvent[], options: TraceTextOptions = {}): string {
  const { layout = 'events', learnt = false } = options
  if (layout !== 'events' && layout !== 'nodes') throw new TypeError(`layout must be 'events' or 'nodes'`)
  const lookups: string[] = []
  for (const own of byLookup(events)) {
    const lines = layout === 'events' ? eventLines(own, learnt) : nodeLines(own)
    lookups.push([headingOf(own), ...lines].join('\n'))
  }
  return lookups.join('\n\n')
}

function byLookup(events: readonly LookupEvent[]): Iterable<LookupEvent[]> {
  const lookups = new Map<number, LookupEvent[]>()
  for (const event of events) {
    const own = lookups.get(event.lookup)
    if (own === undefined) lookups.set(event.lookup, [event])
    else own.push(event)
  }
  return lookups.values()
}

function headingOf(events: readonly LookupEvent[]): string {
  const started = startOf(events)
  if (started === undefined) return `lookup ${events[0]!.lookup}`
  const { lookup, kind, command, target } = started
  return `lookup ${lookup}: ${kind === 'query' ? `query with command ${command}` : kind} ${target.slice(0, TARGET_DIGITS)}…`
}

function startOf(events: readonly LookupEvent[]): LookupStarted | undefined {
  return events.find((event) => event.type === 'started')
}

function eventLines(events: readonly LookupEvent[], withLearnt: boolean): string[] {
  const width = Math.max(0, ...events.map((event) => ('node' in event ? addressOf(event.node).length : 0)))
  const lines: string[] = []
  const line = (atMs: number, verb: string, text: string): void => {
    lines.push(`${inMs(atMs).padStart(9)}  ${verb.padEnd(8)}  ${text}`)
  }
  for (let i = 0; i < events.length; i++) {
    const event = events[i]!
    if (event.type === 'started') continue
    const verb = VERBS[event.type]
    if (event.type === 'done') {
      line(event.atMs, verb, detailOf(event))
    } else if (event.type !== 'learnt' || withLearnt) {
      const { node } = event
      line(event.atMs, verb, `${addressOf(node).padEnd(width)}  ${bitsOf(node)}  ${detailOf(event)}`.trimEnd())
    } else if (event.from !== 'reply') {
      const count = seedsFrom(events, i)
      line(event.atMs, verb, `${count} from ${SOURCES[event.from]}`)
      i += count - 1
    }
  }
  return lines
}

/** How many nodes were learnt one after the other from where the one at this index was. */
function seedsFrom(events: readonly LookupEvent[], index: number): number {
  const first = events[index]!
  let end = index
  for (let event = events[end]; event !== undefined; event = events[++end]) {
    if (event.type !== 'learnt' || first.type !== 'learnt' || event.from !== first.from) break
  }
  return end - index
}

function detailOf(event: LookupEvent): string {
  switch (event.type) {
    case 'started':
    case 'commit-asked':
      return ''
    case 'learnt':
      return `from ${event.by === null ? SOURCES[event.from] : addressOf(event.by)}`
    case 'asked':
      return `${event.side ? 'beside the walk, ' : ''}${event.inFlight} on the way`
    case 'slow':
    case 'presumed-dead':
      return `after ${inMs(event.afterMs)}`
    case 'retried':
      return `after ${inMs(event.afterMs)}, transmission ${event.transmission}`
    case 'answered': {
      const { error, named, learnt, rank, late } = event
      const names = named === 0 ? 'named nobody' : `named ${named}, ${learnt} new`
      const parts = [timesOf(event), error === 0 ? names : `error ${error}, ${names}`]
      if (rank !== null) parts.push(`rank ${rank}`)
      if (late) parts.push('too late')
      return parts.join(', ')
    }
    case 'failed':
      return `${event.error} after ${inMs(event.afterMs)}`
    case 'commit-accepted':
      return `after ${inMs(event.afterMs)}`
    case 'commit-refused':
      return `${event.message} after ${inMs(event.afterMs)}`
    case 'done':
      break
  }
  const { error, closest, asked, answered, failed, waiting, transmissions } = event
  const found = `${error === null ? '' : `${error}, `}${closest.length} found`
  return `${found}; ${asked} asked, ${answered} answered, ${failed} failed, ${waiting} open; ${transmissions} transmissions`
}

/** The round trip, and the time since the node was asked where that is another. */
function timesOf({ rttMs, afterMs }: { rttMs: number; afterMs: number }): string {
  return inMs(rttMs) === inMs(afterMs) ? `in ${inMs(rttMs)}` : `in ${inMs(rttMs)}, ${inMs(afterMs)} after the first`
}

/** What a trace says about a node that the walk asked. */
interface Row {
  readonly node: TraceNode
  readonly by: string
  readonly askedAtMs: number
  outcome: string
}

function nodeLines(events: readonly LookupEvent[]): string[] {
  const rows = rowsOf(events)
  const ranks = new Map<string, number>()
  for (const event of events) {
    if (event.type === 'done') event.closest.forEach((node, index) => ranks.set(addressOf(node), index + 1))
  }
  const target = startOf(events)?.target
  if (target !== undefined) rows.sort((a, b) => compareDistance(target, a.node.id, b.node.id))
  const cells = rows.map(({ node, by, askedAtMs, outcome }) => [
    String(ranks.get(addressOf(node)) ?? '-'),
    String(node.sharedBits),
    String(node.hop),
    addressOf(node),
    inMs(askedAtMs),
    outcome,
    by,
  ])
  const lines = table([['rank', 'bits', 'hop', 'node', 'asked', 'outcome', 'learnt from'], ...cells], '>>><><<')
  const others = countOthers(events)
  if (others > 0) lines.push(`  and ${others} more that were not asked`)
  return lines
}

function rowsOf(events: readonly LookupEvent[]): Row[] {
  const learntFrom = new Map<string, string>()
  const rows = new Map<string, Row>()
  for (const event of events) {
    if (!('node' in event) || ('side' in event && event.side)) continue
    const { node } = event
    const key = addressOf(node)
    const row = rows.get(key)
    if (event.type === 'learnt') {
      learntFrom.set(key, event.by === null ? SOURCES[event.from] : addressOf(event.by))
    } else if (event.type === 'asked') {
      rows.set(key, { node, by: learntFrom.get(key) ?? '', askedAtMs: event.atMs, outcome: 'no answer yet' })
    } else if (row !== undefined && (event.type === 'slow' || event.type === 'presumed-dead')) {
      row.outcome = event.type === 'slow' ? 'slow' : `given up after ${inMs(event.afterMs)}`
    } else if (row !== undefined && event.type === 'answered') {
      row.outcome = `${event.error === 0 ? 'answered' : `error ${event.error}`} in ${inMs(event.afterMs)}`
    } else if (row !== undefined && event.type === 'failed') {
      row.outcome = `failed after ${inMs(event.afterMs)}`
    }
  }
  return [...rows.values()]
}

/** Nodes that were learnt, and not asked. */
function countOthers(events: readonly LookupEvent[]): number {
  const others = new Set<string>()
  for (const event of events) {
    if (event.type === 'learnt') others.add(addressOf(event.node))
    else if (event.type === 'asked') others.delete(addressOf(event.node))
  }
  return others.size
}

/** @param align a sign for each column: `>` puts its cells to the right */
function table(rows: readonly (readonly string[])[], align: string): string[] {
  const widths = Array.from(align, (_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row) => {
    const cells = row.map((cell, i) => (align[i] === '>' ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
    return `  ${cells.join('  ')}`.trimEnd()
  })
}

/** Sign of the comparison of XOR distances, of hexadecimal ids. */
function compareDistance(target: string, a: string, b: string): number {
  for (let i = 0; i < target.length; i++) {
    if (a[i] === b[i]) continue
    const digit = parseInt(target[i]!, 16)
    return (parseInt(a[i] ?? '0', 16) ^ digit) - (parseInt(b[i] ?? '0', 16) ^ digit)
  }
  return 0
}

function addressOf({ host, port }: TraceNode): string {
  return `${host}:${port}`
}

function bitsOf({ sharedBits }: TraceNode): string {
  return `${String(sharedBits).padStart(3)} ${sharedBits === 1 ? 'bit ' : 'bits'}`
}

function inMs(ms: number): string {
  return `${Math.round(ms)} ms`
}
