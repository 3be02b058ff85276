/**
 * Records in the page's network: every node keeps them for others from the moment the first one is written, and one of
 * them is watched: which nodes hold which version of it, and who has come and gone.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { type KeyPair, Records } from 'xorpc/records'
import type { RecordNodeView, RecordView } from './frame.js'
import { compareDistance } from './keyspace.js'
import { idOf, isUp, type Member } from './roster.js'
import { toHex } from './tutorial-node.js'

/** What it needs of the network. */
export interface RecordHost {
  members: () => Member[]
  /** Virtual time in ms. */
  nowMs: () => number
  wallTimeMs: () => number
  /** Told of what happens to the record. */
  tell: (text: string) => void
}

/** Nodes that should hold a record. */
const HOLDERS = 20

/** Lines about the watched record. */
const MAX_HISTORY = 40

/** Life of a record that the page writes. */
const TTL_MS = 3_600_000

interface Watched {
  /** What the visitor calls it. */
  readonly name: string
  readonly publicKey: Uint8Array
  readonly target: Uint8Array
  readonly targetHex: string
  /** Versions by number of the node, as of the last look. BOUNDED: by the nodes. */
  held: Map<number, Held>
  history: { atMs: number; text: string }[]
}

interface Held {
  readonly seq: number
  readonly isDeleted: boolean
  readonly expiresAtMs: number
}

export class RecordKeeping {
  readonly #host: RecordHost
  #isOn = false
  #watched: Watched | null = null
  #isLooking = false

  constructor(host: RecordHost) {
    this.#host = host
  }

  /** The key of the record that is watched; null: none is. */
  get target(): Uint8Array | null {
    return this.#watched?.target ?? null
  }

  /** Every node keeps records from now on, those that come later as well. */
  start(): void {
    if (this.#isOn) return
    this.#isOn = true
    for (const member of this.#host.members()) this.enter(member)
  }

  enter({ node }: Member): void {
    if (this.#isOn) node.keepRecords()
  }

  /** Watches the record of an owner. */
  watch(name: string, publicKey: Uint8Array): void {
    if (this.#watched !== null && toHex(this.#watched.publicKey) === toHex(publicKey)) return
    const target = Records.targetOf(publicKey)
    this.#watched = { name, publicKey, target, targetHex: toHex(target), held: new Map(), history: [] }
  }

  /** Writes the next version of the record with this name, whose owner the page is. @returns how many took it */
  async put({ node }: Member, name: string, value: Uint8Array): Promise<number> {
    const keyPair = await ownerOf(name)
    this.start()
    this.watch(name, keyPair.publicKey)
    const { seq, settled } = await node.keepRecords().put({ keyPair, value, ttlMs: TTL_MS, republish: false })
    const { stored } = await settled
    this.#note(`version ${seq} was written, and ${stored.length} nodes took it`)
    return stored.length
  }

  /** Deletes it. @returns how many nodes took the tombstone */
  async delete({ node }: Member, name: string): Promise<number> {
    const keyPair = await ownerOf(name)
    this.start()
    this.watch(name, keyPair.publicKey)
    const { seq, settled } = await node.keepRecords().delete({ keyPair })
    const { stored } = await settled
    this.#note(`version ${seq} says that it is deleted, and ${stored.length} nodes took it`)
    return stored.length
  }

  /** The living nodes that hold it, nearest first. */
  holders(): Member[] {
    const { target } = this
    if (target === null) return []
    const holds = ({ node }: Member): boolean => (node.records?.countOf(target) ?? 0) > 0
    return this.#byDistance(this.#host.members().filter((member) => isUp(member) && holds(member)))
  }

  /** Looks who holds what. Takes a moment, in which nothing else of it happens. */
  async look(): Promise<void> {
    const watched = this.#watched
    if (watched === null || this.#isLooking) return
    this.#isLooking = true
    try {
      const held = new Map<number, Held>()
      for (const { key, node } of this.holders()) {
        const entry = await node.recordOf(watched.target)
        if (entry === null) continue
        const { seq, tombstone, expiresAtMs } = entry
        held.set(key, { seq, isDeleted: tombstone, expiresAtMs })
      }
      if (this.#watched === watched) this.#compare(watched, held)
    } finally {
      this.#isLooking = false
    }
  }

  /** As of the last look; null: nothing is watched. */
  view(): RecordView | null {
    const watched = this.#watched
    if (watched === null) return null
    const { name, targetHex, held, history } = watched
    const members = this.#host.members().filter((member) => isUp(member) && !member.node.ephemeral)
    const closest = this.#byDistance(members).slice(0, HOLDERS)
    const near = new Set(closest.map(({ key }) => key))
    const viewOf = (key: number): RecordNodeView => {
      const { seq, isDeleted } = held.get(key) ?? { seq: null, isDeleted: false }
      return { key, seq, isDeleted }
    }
    const newest = [...held.values()].reduce<Held | null>((a, b) => (a === null || b.seq > a.seq ? b : a), null)
    return {
      name,
      target: targetHex,
      seq: newest?.seq ?? null,
      isDeleted: newest?.isDeleted ?? false,
      endsInMs: newest === null ? null : Math.max(0, newest.expiresAtMs - this.#host.wallTimeMs()),
      closest: closest.map(({ key }) => viewOf(key)),
      others: [...held.keys()].filter((key) => !near.has(key)).map(viewOf),
      history: [...history],
    }
  }

  #compare(watched: Watched, held: Map<number, Held>): void {
    const isFirst = watched.held.size === 0
    const living = new Set(
      this.#host
        .members()
        .filter(isUp)
        .map(({ key }) => key),
    )
    for (const [key, { seq }] of held) {
      const before = watched.held.get(key)
      if (before?.seq === seq || (isFirst && before === undefined)) continue
      this.#note(before === undefined ? `node ${key} has got it` : `node ${key} has version ${seq} now`)
    }
    for (const key of watched.held.keys()) {
      if (held.has(key)) continue
      this.#note(living.has(key) ? `node ${key} has dropped it` : `node ${key}, which held it, is gone`)
    }
    watched.held = held
  }

  #note(text: string): void {
    const watched = this.#watched
    if (watched === null) return
    watched.history.push({ atMs: this.#host.nowMs(), text })
    if (watched.history.length > MAX_HISTORY) watched.history.shift()
    this.#host.tell(`record “${watched.name}”: ${text}`)
  }

  #byDistance(members: Member[]): Member[] {
    const target = this.#watched?.targetHex ?? ''
    const ids = new Map(members.map((member) => [member, idOf(member.node)]))
    return members.sort((a, b) => compareDistance(target, ids.get(a)!, ids.get(b)!))
  }
}

/** The page owns what is written in it: the same name, the same owner. */
function ownerOf(name: string): Promise<KeyPair> {
  return Records.keyPair(sha256(new TextEncoder().encode(`page:${name}`)))
}
