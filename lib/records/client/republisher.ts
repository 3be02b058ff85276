/**
 * Keeps the records of this process alive: each is signed and written again when a third of its life is over, for as long
 * as the process lives and nobody has written a newer version.
 */
import type { Cancel, Clock } from '../../primitives/clock.js'
import { nextRepublishAt } from '../rules/republish.js'

/** A record to keep alive. */
export interface Kept {
  /** What tells it apart from others. */
  readonly name: string
  readonly ttlMs: number
  /** Writes it again. `superseded`: there is a newer version, so that is over. */
  readonly write: () => Promise<'written' | 'superseded'>
}

interface Task {
  readonly kept: Kept
  cancel: Cancel
  failures: number
}

export class Republisher {
  readonly #clock: Clock
  /** By name. BOUNDED: by the records that the user writes with `republish`. */
  readonly #tasks = new Map<string, Task>()
  readonly #onError: (error: unknown) => void

  constructor(clock: Clock, onError: (error: unknown) => void) {
    this.#clock = clock
    this.#onError = onError
  }

  get size(): number {
    return this.#tasks.size
  }

  /** The record has just been written. */
  keep(kept: Kept): void {
    this.forget(kept.name)
    const task: Task = { kept, cancel: () => {}, failures: 0 }
    this.#tasks.set(kept.name, task)
    this.#schedule(task)
  }

  forget(name: string): void {
    this.#tasks.get(name)?.cancel()
    this.#tasks.delete(name)
  }

  close(): void {
    for (const task of this.#tasks.values()) task.cancel()
    this.#tasks.clear()
  }

  #schedule(task: Task): void {
    const nowMs = this.#clock.wallTime()
    const delayMs = nextRepublishAt(nowMs, task.kept.ttlMs, task.failures) - nowMs
    task.cancel = this.#clock.after(Math.min(delayMs, MAX_DELAY_MS), () => void this.#run(task), true)
  }

  async #run(task: Task): Promise<void> {
    const { name } = task.kept
    try {
      const result = await task.kept.write()
      task.failures = 0
      if (result === 'superseded' && this.#tasks.get(name) === task) this.#tasks.delete(name)
    } catch (error) {
      task.failures++
      if (this.#tasks.get(name) === task) this.#onError(error)
    }
    if (this.#tasks.get(name) === task) this.#schedule(task)
  }
}

/** Longest time that a timer can hold. */
const MAX_DELAY_MS = 2 ** 31 - 1
