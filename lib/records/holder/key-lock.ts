/** One at a time for each key: who reads, decides and writes must not be interrupted by another writer of the same key. */
export class KeyLock {
  /** The last in line, by key. BOUNDED: by the work under way. */
  readonly #tails = new Map<string, Promise<void>>()

  /** Calls `work` when all earlier work on the key is over. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key)
    let finish = (): void => {}
    const tail = new Promise<void>((resolve) => (finish = resolve))
    this.#tails.set(key, tail)
    try {
      if (before !== undefined) await before
      return await work()
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key)
      finish()
    }
  }
}
