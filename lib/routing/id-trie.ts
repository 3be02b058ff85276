/**
 * The contacts of a table by their ids, as a binary trie that branches only where two ids differ (Morrison, "PATRICIA",
 * 1968): the inner loop of every FIND_NODE.
 *
 * At a branch the contacts on the target's side agree with it in one more bit than those on the other side, so every
 * one of them is nearer. Walking into the target's side first therefore visits contacts in order of XOR distance, and
 * no distance is ever computed: 20 of 160 contacts take 0.2 µs so, 0.45 µs by sorting the bucket they come from, most
 * of which is branches that the processor guesses wrong.
 *
 * All of it is rows of one small typed array, the addresses too: a reply is written without a look at the contacts,
 * which lie scattered and have usually left the processor's cache since the last one.
 */
import { commonPrefixLength, ID_BITS, idBit } from '../primitives/id.js'
import type { Contact } from './contact.js'

/**
 * A row is a branch and, for a contact of the same number but no other connection, its address: the bit at which the
 * branch branches, its children for 0 and 1, the halves of the host's number, and the port. A child is another branch
 * (its row, from 0) or a contact (the complement of its row, so negative).
 */
const ROW_WORDS = 6
const HOST_WORD = 3
const FIRST_ROWS = 8

/** Most contacts: their rows have 15 bits. */
const MAX_CONTACTS = 32_768

/** Children that the walk at hand has yet to visit. A path has no more branches than an id has bits. */
const pending = new Int16Array(ID_BITS)

/** Rows of the contacts that the latest walk found. BOUNDED: by the largest number wanted. */
let found = new Uint16Array(32)

/** Addresses of the contacts that a walk found, to be written before the next walk. */
export class NearestAddresses {
  length = 0
  words = new Int16Array(0)

  /** Writes six bytes for each: four octets, and the port little-endian. Returns the offset behind them. */
  writeTo(out: Uint8Array, at: number): number {
    const { words, length } = this
    for (let i = 0; i < length; i++) {
      const word = found[i]! * ROW_WORDS + HOST_WORD
      const high = words[word]!
      const low = words[word + 1]!
      const port = words[word + 2]!
      out[at] = high >> 8
      out[at + 1] = high
      out[at + 2] = low >> 8
      out[at + 3] = low
      out[at + 4] = port
      out[at + 5] = port >> 8
      at += 6
    }
    return at
  }
}

/** One for all tries: it is used at once. */
const addresses = new NearestAddresses()

export class IdTrie {
  /** By row. BOUNDED: one for each contact of the table; null where one has left. */
  readonly #contacts: (Contact | null)[] = []
  /** Rows given back, of contacts and of branches. BOUNDED: by those ever used at a time. */
  readonly #freeRows: number[] = []
  readonly #freeBranches: number[] = []
  /** BOUNDED: by one and a half times the contacts. */
  #words = new Int16Array(FIRST_ROWS * ROW_WORDS)
  #branchCount = 0
  #root = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Takes a contact in whose id is not in the trie. @throws RangeError when there are 32,768 */
  insert(contact: Contact): void {
    if (this.#size === MAX_CONTACTS) throw new RangeError(`a table holds ${MAX_CONTACTS} contacts at most`)
    const row = this.#freeRows.pop() ?? this.#contacts.length
    if (row * ROW_WORDS === this.#words.length) this.#grow()
    this.#contacts[row] = contact
    const word = row * ROW_WORDS + HOST_WORD
    this.#words[word] = contact.ip >>> 16
    this.#words[word + 1] = contact.ip
    this.#words[word + 2] = contact.port
    this.#size++
    if (this.#size === 1) this.#root = ~row
    else this.#branchOff(contact.id, ~row)
  }

  /** Takes a contact out that is in the trie. */
  remove(contact: Contact): void {
    let grandparent = -1
    let parent = -1
    let child = this.#root
    while (child >= 0) {
      grandparent = parent
      parent = child
      child = this.#childFor(contact.id, parent)
    }
    this.#contacts[~child] = null
    this.#freeRows.push(~child)
    this.#size--
    if (parent === -1) return
    const at = parent * ROW_WORDS
    const sibling = this.#words[at + 1] === child ? this.#words[at + 2]! : this.#words[at + 1]!
    this.#link(contact.id, grandparent, sibling)
    this.#freeBranches.push(parent)
  }

  /** The contacts nearest to a 32-byte target, nearest first, `limit` at most. */
  nearest(target: Uint8Array, limit: number): Contact[] {
    const out: Contact[] = []
    const count = this.#walk(target, 0, limit)
    for (let i = 0; i < count; i++) out.push(this.#contacts[found[i]!]!)
    return out
  }

  /**
   * Addresses of the same contacts.
   *
   * @param target bytes that hold the target, from `targetAt` on
   * @returns shared, valid until the next call, whatever the trie
   */
  nearestAddresses(target: Uint8Array, targetAt: number, limit: number): NearestAddresses {
    addresses.length = this.#walk(target, targetAt, limit)
    addresses.words = this.#words
    return addresses
  }

  /** Puts the rows of the nearest contacts into `found`; returns how many there are. */
  #walk(target: Uint8Array, targetAt: number, limit: number): number {
    const wanted = Math.min(limit, this.#size)
    if (wanted <= 0) return 0
    if (wanted > found.length) found = new Uint16Array(2 ** Math.ceil(Math.log2(wanted)))
    const words = this.#words
    const rows = found
    const later = pending
    let count = 0
    let depth = 0
    let child = this.#root
    for (;;) {
      while (child >= 0) {
        const at = child * ROW_WORDS
        const index = words[at]!
        // Both children without a condition: which one is nearer is a coin toss, which is guessed wrong half the time.
        const bit = (target[targetAt + (index >> 3)]! >> (~index & 7)) & 1
        later[depth++] = words[at + 2 - bit]!
        child = words[at + 1 + bit]!
      }
      rows[count++] = ~child
      if (count === wanted) return count
      child = later[--depth]!
    }
  }

  /** Puts a leaf where its id leaves those that are there. */
  #branchOff(id: Uint8Array, leaf: number): void {
    let nearest = this.#root
    while (nearest >= 0) nearest = this.#childFor(id, nearest)
    const bit = commonPrefixLength(id, this.#contacts[~nearest]!.id)

    let parent = -1
    let child = this.#root
    while (child >= 0 && this.#words[child * ROW_WORDS]! < bit) {
      parent = child
      child = this.#childFor(id, child)
    }
    // There are fewer branches than contacts, so there is a row.
    const branch = this.#freeBranches.pop() ?? this.#branchCount++
    const at = branch * ROW_WORDS
    const side = idBit(id, bit)
    this.#words[at] = bit
    this.#words[at + 1 + side] = leaf
    this.#words[at + 2 - side] = child
    this.#link(id, parent, branch)
  }

  #childFor(id: Uint8Array, branch: number): number {
    const at = branch * ROW_WORDS
    return this.#words[at + 1 + idBit(id, this.#words[at]!)]!
  }

  /** Makes `child` the one that `parent` (-1: the root) leads to for this id. */
  #link(id: Uint8Array, parent: number, child: number): void {
    const at = parent * ROW_WORDS
    if (parent === -1) this.#root = child
    else this.#words[at + 1 + idBit(id, this.#words[at]!)] = child
  }

  #grow(): void {
    const rows = this.#words.length / ROW_WORDS
    const larger = new Int16Array((rows + (rows >> 1)) * ROW_WORDS)
    larger.set(this.#words)
    this.#words = larger
  }
}
