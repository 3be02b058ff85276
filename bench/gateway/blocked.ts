/** A stream of datagrams to a client that stands still for a while: how old is what it gets? */
import { markOf, quantile, requestOf, sharedNow } from './request.js'
import { withStage } from './stage.js'

const SIZE_BYTES = 1200
const PER_SECOND = 10_000
const BLOCKED_MS = 2000

export interface BlockedResult {
  /** Share of what was sent, in per cent. */
  delivered: number
  medianMs: number
  p99Ms: number
  p999Ms: number
  maxMs: number
}

/** @param quick half a second in all */
export function measureBlocked(windowBytes: number, quick: boolean): Promise<BlockedResult> {
  const aroundMs = quick ? 200 : 3000
  const blockedMs = quick ? 100 : BLOCKED_MS
  return withStage(
    'gateway',
    async ({ transport, peer, address }) => {
      const ages: number[] = []
      const socket = await transport.bind(0, '127.0.0.1', (bytes) => void ages.push(sharedNow() - markOf(bytes)))
      // The peer streams to whoever asks, for as long as it is told.
      const streamed = peer.call('stream', socket.address()!.port, {
        sizeBytes: SIZE_BYTES,
        perSecond: PER_SECOND,
        durationMs: 2 * aroundMs + blockedMs,
      })
      socket.trySend(requestOf(100), address.port, address.host)
      await new Promise((resolve) => setTimeout(resolve, aroundMs))
      const until = sharedNow() + blockedMs
      while (sharedNow() < until) {
        // as a page that computes
      }
      const sent = await streamed
      await new Promise((resolve) => setTimeout(resolve, 500))
      await socket.close()
      return {
        delivered: (100 * ages.length) / sent,
        medianMs: quantile(ages, 0.5),
        p99Ms: quantile(ages, 0.99),
        p999Ms: quantile(ages, 0.999),
        maxMs: Math.max(...ages),
      }
    },
    windowBytes,
  )
}
