/**
 * Looks for the rest of a network that was cut: the edge of [cut-suspicion.ts](cut-suspicion.ts), which says whom to ask
 * and when. A lookup of our own id that starts over there, and nowhere else, finds the neighbours that we have missed;
 * they meet us by being asked.
 */
import { formatIPv4 } from '../primitives/address.js'
import type { Contact } from '../routing/contact.js'
import type { Core } from './core.js'
import { CutSuspicion } from './cut-suspicion.js'
import { ownLookup } from './own-lookup.js'

/** Nobody waits for it. */
const CONCURRENCY = 3

const PORTS = 65_536

export class Reunion {
  readonly #core: Core
  readonly #suspicion: CutSuspicion
  #isAsking = false

  constructor(core: Core) {
    this.#core = core
    this.#suspicion = new CutSuspicion(core.clock.now(), core.random)
  }

  onLost(contact: Contact): void {
    const { clock, contacts } = this.#core
    this.#suspicion.onLost(contact.key, clock.now(), contacts.table.size)
  }

  onFound(contact: Contact): void {
    this.#suspicion.onFound(contact.key)
  }

  /** One beat. */
  tick(now: number): void {
    if (this.#isAsking) return
    const key = this.#suspicion.nextLost(now)
    if (key !== null) void this.#ask(key)
  }

  /** Whether no refresh has come that a look at a bootstrap node could take the place of. */
  isLookLate(now: number): boolean {
    return this.#suspicion.isLookLate(now)
  }

  /** Whether the refresh of our own id that is due shall be a look at a bootstrap node. */
  isLookDue(now: number): boolean {
    return this.#suspicion.isLookDue(now, this.#core.watch.size?.nodes ?? null)
  }

  /** Looks up our own id from one bootstrap node; false: nobody answered there. */
  async look(): Promise<boolean> {
    const { clock, random, resolver } = this.#core
    this.#suspicion.onLook(clock.now())
    const nodes = await resolver.resolve()
    if (nodes.length === 0) return false
    return (await this.#lookUpFrom(nodes[random.below(nodes.length)]!)) !== null
  }

  async #ask(key: number): Promise<void> {
    this.#isAsking = true
    const news = await this.#lookUpFrom({ host: formatIPv4(Math.floor(key / PORTS)), port: key % PORTS })
    this.#isAsking = false
    if (news !== null) this.#suspicion.onAnswered(key, this.#core.clock.now(), news)
  }

  /** Resolves with the share of the closest nodes that have become contacts by it; null: nobody answered. */
  async #lookUpFrom(from: { host: string; port: number }): Promise<number | null> {
    const { clock, contacts } = this.#core
    const startedAt = Math.floor(clock.now())
    const found = await ownLookup(this.#core, contacts.table.id, { kind: 'refresh', from, concurrency: CONCURRENCY })
    if (found.length === 0) return null
    const isNew = (id: Uint8Array): boolean => (contacts.table.get(id)?.addedAt ?? -Infinity) >= startedAt
    return found.filter(({ id }) => isNew(id!)).length / found.length
  }
}
