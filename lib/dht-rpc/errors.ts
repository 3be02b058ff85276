/**
 * Failures in the words of dht-rpc: programs written for it compare the messages of those that have no code there. The
 * code that xorpc gives them stays.
 */
import { DHTError, type DHTErrorCode, hasCode } from '../primitives/errors.js'

/** An error with the bare message, and the code beside it. */
function plain(message: string, code: DHTErrorCode, cause?: unknown): Error {
  const error = cause === undefined ? new Error(message) : new Error(message, { cause })
  return Object.assign(error, { code })
}

/** Runs a check of ours; what it throws becomes a bare `Error`, as dht-rpc throws it. */
export function plainly<T>(check: () => T): T {
  try {
    return check()
  } catch (error) {
    throw error instanceof Error ? new Error(error.message, { cause: error }) : error
  }
}

/** What every call on a destroyed node fails with. */
export function nodeDestroyed(): Error {
  return plain('Node destroyed', 'NODE_DESTROYED')
}

export function noToken(): Error {
  return plain('No token received for closest node', 'NO_TOKEN')
}

/** Binding fails with the error of the system, `EADDRINUSE` for example. */
export function bindFailure(error: unknown): unknown {
  return hasCode(error, 'BIND_FAILED') ? ((error as Error).cause ?? error) : error
}

/**
 * What a query fails with; null: it just ends.
 *
 * One whose requests were given up (its session or node was destroyed, the node was suspended) has found what it has
 * found, unless it was to write: then nobody was written to.
 *
 * @param writes whether it has a commit
 */
export function queryFailure(error: Error, writes: boolean): Error | null {
  if (!(error instanceof DHTError)) return error
  if (GIVEN_UP.has(error.code)) return writes ? tooFewNodes(error) : null
  if (error.code === 'TOO_FEW_NODES') return tooFewNodes()
  if (error.code === 'COMMIT_FAILED' && error.cause instanceof Error) return error.cause
  return error
}

const GIVEN_UP: ReadonlySet<DHTErrorCode> = new Set(['REQUEST_DESTROYED', 'IO_SUSPENDED', 'NODE_DESTROYED'])

function tooFewNodes(cause?: Error): Error {
  return plain('Too few nodes responded', 'TOO_FEW_NODES', cause)
}
