/**
 * How many holders a key should have, going by what lookups have found lately: fewer than twenty in a small network, or
 * where few nodes know the commands. A lookup that finds far fewer than others did has been cut off.
 */
import { HOLDERS } from './quorum.js'

/** After so many lookups that found few, it is the network that has shrunk. */
const WINDOW = 16

export class ExpectedHolders {
  /** BOUNDED: by WINDOW. */
  readonly #found: number[] = []

  /** Takes note of a lookup. */
  note(found: number): void {
    this.#found.push(found)
    if (this.#found.length > WINDOW) this.#found.shift()
  }

  /** The most that one of the latest lookups found. */
  get count(): number {
    return Math.min(HOLDERS, Math.max(0, ...this.#found))
  }
}
