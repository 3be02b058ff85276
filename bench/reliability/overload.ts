/**
 * A node under ten times the load it sustains, over UDP on the loopback interface: server, flood and honest peers are
 * processes of their own, and each sender has an address of its own in 127.0.0.0/8. The node limits them as it would
 * strangers (`limitOwnNetwork`).
 *
 * Its application needs `workUs` of CPU time for a request: what is sustained is measured first, with limits off and
 * questions always waiting. The limit of all hosts together is then set to half of that, as one would for a machine that
 * does something else as well.
 */
import type { OverloadFlood } from '../children/overload-flood.js'
import type { OverloadPeers, Slice } from '../children/overload-peers.js'
import type { OverloadServer } from '../children/overload-server.js'
import { startChild, withChildren } from '../process.js'
import { addBooks, type Books, emptyBooks } from './books.js'

export interface OverloadJob {
  /** Addresses the flood comes from. */
  sources: number
  /** Honest peers. */
  peers: number
  workUs: number
  /** Of the flood, as a multiple of what is sustained. */
  times: number
  floodMs: number
}

export interface OverloadResult {
  sources: number
  /** Requests a second that are answered when nothing limits them. */
  sustainedPerSecond: number
  floodSent: number
  floodPerSecond: number
  honestPerSecond: number
  /** Shares of the honest requests that were answered. */
  before: number
  during: number
  after: number
  /** From the end of the flood until nine of ten were answered again in a half-second, and from then on. */
  recoveredMs: number
  heapGrowthBytes: number
  /** Longest time that an event of the node waited for its turn. */
  worstDelayMs: number
  books: Books
}

const SATURATE_MS = 3000
const BEFORE_MS = 3000
const AFTER_MS = 6000
const SLICE_MS = 500
const PAUSE_MS = 1500
const OUTSTANDING = 64

/** Of what is sustained: well below the quarter that is kept for those who proved themselves. */
const HONEST_SHARE = 0.05

export async function measureOverload({
  sources,
  peers,
  workUs,
  times,
  floodMs,
}: OverloadJob): Promise<OverloadResult> {
  const honest = Array.from({ length: peers }, (_, i) => `127.0.2.${i + 1}`)
  const sustainedPerSecond = await measureSustained(workUs, honest)
  const server = startChild<OverloadServer>('overload-server')
  const flooder = startChild<OverloadFlood>('overload-flood')
  const asker = startChild<OverloadPeers>('overload-peers')
  return withChildren([server, flooder, asker], async () => {
    const total = Math.max(20, Math.round(sustainedPerSecond / 2))
    const limits = { limitOwnNetwork: true, totalRequestsPerSecond: total, requestsPerSecond: Math.max(10, total / 10) }
    const port = await server.call('start', workUs, limits)
    await asker.call('start', port, honest)
    // The server has asked the newcomers by then.
    await pause(PAUSE_MS)
    const honestPerSecond = sustainedPerSecond * HONEST_SHARE
    const before = await asker.call('askSteadily', BEFORE_MS, honestPerSecond)
    const { heapBytes } = await server.call('look')
    const addresses = Array.from({ length: sources }, (_, i) => `127.0.3.${i + 1}`)
    const flooding = flooder.call('flood', port, addresses, sustainedPerSecond * times, floodMs)
    const rest = await asker.call('askSteadily', floodMs + AFTER_MS, honestPerSecond)
    const floodSent = await flooding
    const during = rest.slice(0, floodMs / SLICE_MS)
    const after = rest.slice(floodMs / SLICE_MS)
    const last = await server.call('look')
    const books = emptyBooks()
    addBooks(books, last.stats.datagrams)
    return {
      sources,
      sustainedPerSecond,
      floodSent,
      floodPerSecond: (floodSent * 1000) / floodMs,
      honestPerSecond,
      before: shareAnswered(before),
      during: shareAnswered(during),
      after: shareAnswered(after),
      recoveredMs: recoveryMs(after),
      heapGrowthBytes: last.heapBytes - heapBytes,
      worstDelayMs: last.worstDelayMs,
      books,
    }
  })
}

/** What a node without limits answers. */
async function measureSustained(workUs: number, peers: string[]): Promise<number> {
  const server = startChild<OverloadServer>('overload-server')
  const asker = startChild<OverloadPeers>('overload-peers')
  return withChildren([server, asker], async () => {
    const port = await server.call('start', workUs, null)
    await asker.call('start', port, peers)
    return asker.call('saturate', SATURATE_MS, OUTSTANDING)
  })
}

function shareAnswered(slices: readonly Slice[]): number {
  const sum = (name: keyof Slice): number => slices.reduce((total, slice) => total + slice[name], 0)
  return sum('answered') / sum('asked')
}

/** Infinity: not within these. */
export function recoveryMs(slices: readonly Slice[]): number {
  const bad = slices.findLastIndex(({ asked, answered }) => answered < 0.9 * asked)
  return bad === slices.length - 1 ? Infinity : (bad + 1) * SLICE_MS
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
