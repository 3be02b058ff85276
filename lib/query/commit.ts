/** The end of a query that writes: the closest nodes get the command again, with the tokens they gave us. */
import { DHTError } from '../primitives/errors.js'
import type { DHT } from '../node/dht.js'
import type { Peer, Reply } from '../rpc/reply.js'
import type { Query } from './query.js'

/** Called once for each of the closest replies, nearest first; `query` is the query they belong to. */
export type CommitFunction = (reply: Reply, dht: DHT, query: Query<unknown>) => unknown

/** true: repeat the command with the token. */
export type Commit = boolean | CommitFunction

/** What became of the commit to one node. */
export interface CommitOutcome {
  /** Whom it went to. */
  readonly node: Peer
  /** Whether it was accepted. */
  readonly ok: boolean
  /** What the node answered; of a commit function, what its promise resolved to. */
  readonly result: unknown
  /** Why it was not accepted, or null. */
  readonly error: Error | null
}

interface CommitHost {
  readonly dht: DHT
  /** Hears of each commit; null: nobody does. */
  readonly tracer: { commit(to: Peer): (outcome: CommitOutcome) => void } | null
  commit(reply: Reply): Promise<Reply>
}

/** Commits to all at once. Never rejects: what failed is in the outcomes. */
export function runCommits(
  replies: readonly Reply[],
  commit: Commit,
  query: Query<unknown>,
  host: CommitHost,
): Promise<CommitOutcome[]> {
  return Promise.all(
    replies.map(async (reply) => {
      const tell = host.tracer === null ? null : host.tracer.commit(reply.from)
      const outcome = await commitTo(reply, commit, query, host)
      if (tell !== null) tell(outcome)
      return outcome
    }),
  )
}

async function commitTo(reply: Reply, commit: Commit, query: Query<unknown>, host: CommitHost): Promise<CommitOutcome> {
  const node = reply.from
  try {
    // Inside the try: a function that throws, or returns no promise, is a failure or a result like any other.
    const result = typeof commit === 'function' ? await commit(reply, host.dht, query) : await repeat(reply, host)
    return { node, ok: true, result: refuseErrors(result), error: null }
  } catch (err) {
    return { node, ok: false, result: null, error: err instanceof Error ? err : new Error(String(err)) }
  }
}

async function repeat(reply: Reply, host: CommitHost): Promise<Reply> {
  if (reply.token === null) throw new DHTError('NO_TOKEN')
  return host.commit(reply)
}

/** A reply with an error number is an answer, but no acceptance; a commit function may return one too. */
function refuseErrors(result: unknown): unknown {
  const error = (result as Partial<Reply> | null | undefined)?.error
  if (typeof error === 'number' && error !== 0) {
    throw new DHTError('COMMIT_FAILED', `Commit refused with error ${error}`)
  }
  return result
}
