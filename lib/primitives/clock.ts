/**
 * Time, the only door to it: everything that waits or measures takes a {@link Clock}, so that a test or a simulation
 * can run it on virtual time.
 */

/** Cancels a timer. Harmless after the timer has fired and when called twice. */
export type Cancel = () => void

export interface Clock {
  /** Monotonic milliseconds from an arbitrary start; may have a fraction. */
  now(): number
  /** Milliseconds since 1970; jumps when the machine slept or the user set the time. */
  wallTime(): number
  /** Calls `fn` once, `delayMs` from now. `background`: the timer alone does not keep the process alive. */
  after(delayMs: number, fn: () => void, background?: boolean): Cancel
}

interface NativeTimer {
  unref?: () => void
}

/** What every runtime has and `es2023` does not declare. */
interface Platform {
  setTimeout(fn: () => void, delayMs: number): NativeTimer | number
  clearTimeout(timer: NativeTimer | number): void
  performance?: { now(): number }
}

const platform = globalThis as unknown as Platform

/** The machine's own clock. */
export const systemClock: Clock = {
  now: platform.performance ? () => platform.performance!.now() : Date.now,
  wallTime: Date.now,
  after(delayMs, fn, background = false) {
    const timer = platform.setTimeout(fn, delayMs)
    if (background && typeof timer === 'object') timer.unref?.()
    return () => platform.clearTimeout(timer)
  },
}
