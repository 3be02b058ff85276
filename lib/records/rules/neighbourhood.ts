/**
 * What lookups have found out about a part of the keyspace, so that not every key there needs a lookup of its own.
 *
 * A lookup gives the closest nodes to its target. Where the last of them shares n bits with it, everybody who shares more
 * is among them: of the keys that begin with these n + 1 bits, a *cell*, all nodes are known. The nodes closest to any key
 * are those of its own cell, then those of the cells beside it, the nearest first; as long as these are known, so is the
 * answer, exactly as a lookup of that key would give it. Where one is not known, it says which key to look up next.
 *
 * Pure.
 */
import { commonPrefixLength, compareDistance, ID_BITS, withBitFlipped } from '../../primitives/id.js'
import { toHex } from '../hex.js'
import { HOLDERS } from './quorum.js'

/** The nodes closest to a key, or the key that has to be looked up first. */
export type Nearest<N> = { readonly nodes: readonly N[] } | { readonly unknown: Uint8Array }

/** The keys that begin with these bits. */
interface Cell {
  readonly key: Uint8Array
  readonly bits: number
}

export class Neighbourhood<N extends { readonly id: Uint8Array }> {
  /** By id. BOUNDED: by whoever notes, who looks at `size`. */
  readonly #nodes = new Map<string, N>()
  /** BOUNDED: likewise, one for each lookup. */
  readonly #cells: Cell[] = []

  /** Nodes that are known. */
  get size(): number {
    return this.#nodes.size
  }

  /**
   * Takes note of a lookup.
   *
   * @param closest what it found, nearest first: twenty nodes, or all there are
   */
  note(target: Uint8Array, closest: readonly N[]): void {
    for (const node of closest) this.#nodes.set(toHex(node.id), node)
    const last = closest[HOLDERS - 1]
    const bits = last === undefined ? 0 : Math.min(ID_BITS, commonPrefixLength(target, last.id) + 1)
    this.#cells.push({ key: target, bits })
  }

  /** The `count` nodes closest to a key, nearest first: fewer where there are no more. @param count up to twenty */
  closest(target: Uint8Array, count: number): Nearest<N> {
    return this.#closestUnder(target, target, 0, count)
  }

  /** The same of the keys that share so many bits with `path`. */
  #closestUnder(target: Uint8Array, path: Uint8Array, bits: number, count: number): Nearest<N> {
    let isDivided = false
    for (const cell of this.#cells) {
      const shared = commonPrefixLength(cell.key, path)
      if (cell.bits <= bits && shared >= cell.bits) return { nodes: this.#nodesUnder(target, path, bits, count) }
      if (shared >= bits) isDivided = true
    }
    if (!isDivided) return { unknown: path }
    const near = this.#closestUnder(target, path, bits + 1, count)
    if ('unknown' in near || near.nodes.length >= count) return near
    const far = this.#closestUnder(target, withBitFlipped(path, bits), bits + 1, count - near.nodes.length)
    return 'unknown' in far ? far : { nodes: [...near.nodes, ...far.nodes] }
  }

  #nodesUnder(target: Uint8Array, path: Uint8Array, bits: number, count: number): N[] {
    const under = [...this.#nodes.values()].filter(({ id }) => commonPrefixLength(id, path) >= bits)
    return under.sort((a, b) => compareDistance(target, a.id, b.id)).slice(0, count)
  }
}
