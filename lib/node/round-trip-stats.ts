/** Averages over the replies of one query, for people who look at a network. */
import type { Query } from '../query/query.js'
import type { Reply } from '../rpc/reply.js'

/** Means; NaN without replies. */
export interface RoundTripStats {
  /** Milliseconds, over all replies. */
  rtt: number
  /** Nodes that a reply named, over all replies. */
  closerNodes: number
  /** Milliseconds, over the closest replies. */
  closestRtt: number
  /** Nodes that a reply named, over the closest replies. */
  closestCloserNodes: number
}

export async function measureRoundTrips(query: Query): Promise<RoundTripStats> {
  const all: Reply[] = []
  for await (const reply of query) all.push(reply)
  const closest = query.closestReplies
  return {
    rtt: mean(all, roundTrip),
    closerNodes: mean(all, namedNodes),
    closestRtt: mean(closest, roundTrip),
    closestCloserNodes: mean(closest, namedNodes),
  }
}

const roundTrip = (reply: Reply): number => reply.rtt
const namedNodes = (reply: Reply): number => reply.closer?.length ?? 0

function mean(replies: readonly Reply[], measure: (reply: Reply) => number): number {
  let sum = 0
  for (const reply of replies) sum += measure(reply)
  return sum / replies.length
}
