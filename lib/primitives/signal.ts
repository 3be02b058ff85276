/**
 * Abort signals, described by shape: `AbortSignal` of every runtime fits, and the core needs no DOM types.
 */

/** The part of `AbortSignal` that is used; any `AbortSignal` is one. */
export interface AbortSignalLike {
  readonly aborted: boolean
  readonly reason?: unknown
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}
