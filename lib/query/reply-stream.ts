/** streamx's Readable with the type of its items: what it declares as `unknown` is `T` here. */
import { getStreamError, Readable } from 'streamx'

/** A streamx `Readable` of `T`, and an async iterator. Leaving a `for await` loop destroys it. */
export interface ReplyStream<T> {
  readonly destroyed: boolean
  readonly destroying: boolean
  readonly readable: boolean
  /** Ends it early; with an error, `finished()` and loops fail with that. */
  destroy(error?: Error | null): void
  read(): T | null
  resume(): this
  pause(): this
  pipe<S>(destination: S, callback?: (error: Error | null) => void): S
  on(event: 'data', listener: (item: T) => void): this
  on(event: 'end' | 'close' | 'readable', listener: () => void): this
  on(event: 'error', listener: (error: Error) => void): this
  once(event: 'data', listener: (item: T) => void): this
  once(event: 'end' | 'close' | 'readable', listener: () => void): this
  once(event: 'error', listener: (error: Error) => void): this
  off(event: 'data' | 'end' | 'close' | 'readable' | 'error', listener: (...args: never[]) => void): this
  removeListener(event: 'data' | 'end' | 'close' | 'readable' | 'error', listener: (...args: never[]) => void): this
  [Symbol.asyncIterator](): AsyncIterableIterator<T>
}

/** What an implementation gets and overrides. */
interface ReplyStreamBase<T> extends ReplyStream<T> {
  push(item: T | null): boolean
  _open(callback: (error: Error | null) => void): void
  _read(callback: (error: Error | null) => void): void
  _predestroy(): void
  _destroy(callback: (error: Error | null) => void): void
}

export const ReplyStreamClass = Readable as unknown as new <T>() => ReplyStreamBase<T>

/** What a stream was destroyed with; null for one that lives, has ended, or was destroyed without an error. */
export function failureOf(stream: ReplyStream<unknown>): Error | null {
  return getStreamError(stream as unknown as Readable)
}
