/**
 * Failures of operations, each with a documented code (docs/ERRORS.md).
 *
 * Misuse at the call is a TypeError or RangeError, an abort has the name `AbortError`, and an error number that a
 * remote node put into its reply is a field of that reply; everything else that can fail is a `DHTError`.
 */

/** Every code a {@link DHTError} can carry, with the text that follows it in the message. */
const MESSAGES = {
  REQUEST_TIMEOUT: 'Request timed out',
  REQUEST_DESTROYED: 'Request destroyed',
  IO_SUSPENDED: 'I/O suspended',
  NODE_DESTROYED: 'Node destroyed',
  DEADLINE_EXCEEDED: 'Deadline exceeded',
  BIND_FAILED: 'Could not bind a UDP socket',
  SEND_FAILED: 'Datagram could not be sent',
  TOO_FEW_NODES: 'Too few nodes responded',
  NO_TOKEN: 'No token received for closest node',
  COMMIT_FAILED: 'No node accepted the commit',
  QUEUE_FULL: 'Too many requests are waiting',
  TOO_FEW_STORED: 'Too few nodes stored the record',
  TOO_FEW_ANSWERED: 'Too few nodes answered',
  VALUE_UNAVAILABLE: 'No node has all of the value',
  WRITE_CONFLICT: 'Another version was written',
  RECORD_REFUSED: 'The record exceeds a limit',
  RECORDS_CLOSED: 'The records module is closed',
  STORE_FAILED: 'The record store failed',
  DUMP_FAILED: 'A dump of records failed',
  CONTACT_STORE_FAILED: 'The contact store failed',
  GATEWAY_UNREACHABLE: 'No gateway could be reached',
  GATEWAY_REFUSED: 'The gateway refused the connection',
} as const

/** Code of a {@link DHTError}. */
export type DHTErrorCode = keyof typeof MESSAGES

/**
 * A failed operation.
 *
 * `name` is `'DHTError'`, `code` one of {@link DHTErrorCode}, `message` is `CODE: text`, and `cause` the error behind
 * it where there is one.
 *
 * @example
 * try { await node.ping({ host, port }) } catch (err) { if (err.code === 'REQUEST_TIMEOUT') retryLater() }
 */
export class DHTError extends Error {
  override readonly name = 'DHTError'
  /** What failed, for programs. */
  readonly code: DHTErrorCode

  /**
   * @param code what failed
   * @param detail text for the message, instead of the standard one
   * @param options `cause`: the error behind this one
   */
  constructor(code: DHTErrorCode, detail: string = MESSAGES[code], options?: { cause?: unknown }) {
    super(`${code}: ${detail}`, options)
    this.code = code
  }
}

/** The reason of an aborted signal as an error: the reason itself where it is one, else an error named `AbortError`. */
export function abortError(reason: unknown): Error {
  if (reason instanceof Error) return reason
  const error = new Error('The operation was aborted', { cause: reason })
  error.name = 'AbortError'
  return error
}

/** Whether an error is a {@link DHTError} with this code. */
export function hasCode(error: unknown, code: DHTErrorCode): boolean {
  return error instanceof DHTError && error.code === code
}
