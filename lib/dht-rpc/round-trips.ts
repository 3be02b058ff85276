/** `dht.rttStats()` in the shape of dht-rpc, beside our own. */
import type { RoundTripStats } from '../node/round-trip-stats.js'
import type { Query } from '../query/query.js'
import type { Reply } from '../rpc/reply.js'

/** Means over some replies; NaN without replies. */
export interface ReplyAverages {
  /** Milliseconds. */
  avgRtt: number
  /** Replies with an error number. */
  errors: number
  /** Nodes that a reply named. */
  avgCloserNodes: number
}

export interface RpcRoundTripStats extends RoundTripStats {
  successes: number
  errors: number
  responses: ReplyAverages
  closestReplies: ReplyAverages
}

export async function measureQuery(query: Query): Promise<RpcRoundTripStats> {
  const all: Reply[] = []
  for await (const reply of query) all.push(reply)
  const responses = averages(all)
  const closestReplies = averages(query.closestReplies)
  return {
    rtt: responses.avgRtt,
    closerNodes: responses.avgCloserNodes,
    closestRtt: closestReplies.avgRtt,
    closestCloserNodes: closestReplies.avgCloserNodes,
    successes: query.successes,
    errors: query.errors,
    responses,
    closestReplies,
  }
}

function averages(replies: readonly Reply[]): ReplyAverages {
  let rttMs = 0
  let errors = 0
  let named = 0
  for (const { rtt, error, closer } of replies) {
    rttMs += rtt
    named += closer?.length ?? 0
    if (error !== 0) errors++
  }
  return { avgRtt: rttMs / replies.length, errors, avgCloserNodes: named / replies.length }
}
