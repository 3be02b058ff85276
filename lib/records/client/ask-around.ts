/**
 * Asks the nodes that are known to be closest to a key, without looking for them first. Their replies name whom they know
 * around the key, so it shows whether somebody closer was left out; that one is asked as well. What is left at the end is
 * what a lookup would have found: all of the closest have answered, and none of them knows anybody closer.
 */
import type { Cancel, Clock } from '../../primitives/clock.js'
import { compareDistance, sameId } from '../../primitives/id.js'
import type { Reply } from '../../rpc/reply.js'
import { ERROR } from '../../wire/commands.js'
import type { CallContext } from './context.js'
import { isOfOneNode } from './deliver.js'
import type { KnownNode, KnownNodes } from './known-nodes.js'

/** No node gives this token; who gets it answers with one that is good. */
export const UNKNOWN_TOKEN = new Uint8Array(32)

/** A node that has answered. */
export interface Answer {
  readonly node: KnownNode
  readonly reply: Reply
}

export interface Around {
  /** The closest nodes that answered, nearest first. */
  readonly answers: readonly Answer[]
  /** Those that were asked and have not answered yet, and those that will not any more. */
  readonly waiting: readonly KnownNode[]
  readonly silent: readonly KnownNode[]
  /** Answers of those that come all the same. Resolves when all have answered or timed out; never rejects. */
  readonly late: Promise<readonly Answer[]>
}

export interface AskOptions {
  /** How many of the closest nodes are asked. */
  readonly count: number
  /** Sends the question to one of them. */
  readonly send: (node: KnownNode) => Promise<Reply>
}

/**
 * Nobody waits longer for who is silent. A datagram that was lost is sent again after half a second or more, and
 * answered within this time; a lookup gives a node up after one and a half seconds.
 */
const PATIENCE_MS = 1_200

/** With more silent nodes among the closest it takes a lookup, which knows how to find others in their stead. */
const MAX_SILENT = 3

/** More strangers than that, and we know too little. */
const MAX_STRANGERS = 6

/** After the known ones their strangers, then the strangers of these; then it takes a lookup. */
const MAX_WAVES = 3

/** @returns null where it takes a lookup; what was sent has been sent then. Rejects as requests do that nobody can answer */
export async function askAround(
  context: CallContext,
  nodes: KnownNodes,
  target: Uint8Array,
  options: AskOptions,
): Promise<Around | null> {
  const known = nodes.closest(target, options.count)
  if (known === null) return null
  const round = new Round(context, nodes, target, options)
  let wave: readonly KnownNode[] = known
  for (let turn = 0; turn < MAX_WAVES; turn++) {
    await round.ask(wave)
    wave = round.strangers
    if (wave.length === 0) return round.result()
    if (wave.length > MAX_STRANGERS) break
  }
  return null
}

/** So many nodes are asked by who is content with the first answer: Kademlia's alpha. */
export const FIRST_ASKED = 3

/** Of these, so many at once. The other one is asked when one of them is no help, or after {@link HEDGE_MS}. */
const ASKED_AT_ONCE = 2

/** About what a round trip takes on the Internet: most times there is an answer by then. */
const HEDGE_MS = 150

/** Who is content with the first answer waits no longer for these few nodes. */
const FIRST_PATIENCE_MS = 400

export interface FirstOptions<T> {
  /** Sends the question to a node. */
  readonly send: (node: KnownNode) => Promise<Reply>
  /** What a reply is good for; null: nothing. Throws, or rejects, where nobody can help. */
  readonly read: (reply: Reply) => Promise<T | null> | T | null
}

/**
 * Asks a few of the nodes that are known to be closest, and is content with the first good answer.
 *
 * @returns null where none of them had one
 */
export function askFirst<T>(
  clock: Clock,
  nodes: KnownNodes,
  target: Uint8Array,
  options: FirstOptions<T>,
): Promise<T | null> {
  const known = nodes.closest(target, FIRST_ASKED)
  return known === null ? Promise.resolve(null) : new First(clock, nodes, options).ask(known)
}

/** One such question. Thousands are asked a second, so it makes little besides the requests. */
class First<T> {
  readonly #clock: Clock
  readonly #nodes: KnownNodes
  readonly #options: FirstOptions<T>
  #known: readonly KnownNode[] = []
  #asked = 0
  #unheard = 0
  #isOver = false
  #cancel: Cancel = () => {}
  #resolve: (found: T | null) => void = () => {}
  #reject: (error: Error) => void = () => {}

  constructor(clock: Clock, nodes: KnownNodes, options: FirstOptions<T>) {
    this.#clock = clock
    this.#nodes = nodes
    this.#options = options
  }

  ask(known: readonly KnownNode[]): Promise<T | null> {
    this.#known = known
    this.#unheard = known.length
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      this.#cancel = this.#clock.after(HEDGE_MS, () => this.#hedge())
      for (let i = 0; i < ASKED_AT_ONCE; i++) this.#askNext()
    })
  }

  #hedge(): void {
    this.#cancel = this.#clock.after(FIRST_PATIENCE_MS - HEDGE_MS, () => this.#end(null))
    this.#askNext()
  }

  #askNext(): void {
    if (this.#isOver || this.#asked === this.#known.length) return
    const node = this.#known[this.#asked++]!
    this.#askOne(node).catch((error: Error) => {
      this.#stop()
      this.#reject(error)
    })
  }

  async #askOne(node: KnownNode): Promise<void> {
    let found: T | null = null
    try {
      const reply = await this.#options.send(node)
      if (reply.error === ERROR.UNKNOWN_COMMAND) this.#nodes.noteUseless(node.key)
      else this.#nodes.note(reply)
      // Who comes second is not read: whether it has the same is no matter any more.
      if (this.#isOver) return
      const read = this.#options.read(reply)
      found = read instanceof Promise ? await read : read
    } catch (error) {
      if (!isOfOneNode(error)) throw error
      this.#nodes.noteUseless(node.key)
    }
    this.#unheard--
    if (found !== null || this.#unheard === 0) this.#end(found)
    else this.#askNext()
  }

  #end(found: T | null): void {
    this.#stop()
    this.#resolve(found)
  }

  #stop(): void {
    this.#isOver = true
    this.#cancel()
  }
}

class Round {
  readonly #context: CallContext
  readonly #nodes: KnownNodes
  readonly #target: Uint8Array
  readonly #options: AskOptions
  /** By address. BOUNDED: by the count, and MAX_STRANGERS for each wave. */
  readonly #asked = new Map<number, KnownNode>()
  readonly #answers: Answer[] = []
  /** Asked, and not heard; and those that will not be heard any more. */
  readonly #waiting = new Set<KnownNode>()
  readonly #silent: KnownNode[] = []
  /** Named, and not asked yet. */
  readonly #named = new Map<number, KnownNode>()
  readonly #settled: Promise<void>[] = []
  #farthest: Uint8Array | null = null

  constructor(context: CallContext, nodes: KnownNodes, target: Uint8Array, options: AskOptions) {
    this.#context = context
    this.#nodes = nodes
    this.#target = target
    this.#options = options
  }

  /** Those who were named, and should have been asked. */
  get strangers(): readonly KnownNode[] {
    const { id } = this.#context.node
    return [...this.#named.values()].filter((each) => id === null || !sameId(each.peer.id, id))
  }

  /** Asks all of them; resolves when they have answered, or nobody waits for them any more. */
  async ask(wave: readonly KnownNode[]): Promise<void> {
    this.#farthest ??= wave.at(-1)!.peer.id
    this.#named.clear()
    for (const node of wave) {
      this.#asked.set(node.key, node)
      this.#waiting.add(node)
    }
    const { clock } = this.#context
    await new Promise<void>((resolve, reject) => {
      let left = wave.length
      const cancel = clock.after(PATIENCE_MS, resolve)
      const settle = (): void => {
        if (--left > 0) return
        cancel()
        resolve()
      }
      for (const node of wave) {
        const one = this.#askOne(node).then(settle, (error: Error) => {
          cancel()
          reject(error)
        })
        this.#settled.push(one)
      }
    })
    for (const node of this.#waiting) this.#nodes.noteUseless(node.key)
  }

  /** null: too few have answered. */
  result(): Around | null {
    const { count } = this.#options
    const byDistance = (a: KnownNode, b: KnownNode): number => compareDistance(this.#target, a.peer.id, b.peer.id)
    const answers = this.#answers.toSorted((a, b) => byDistance(a.node, b.node)).slice(0, count)
    const waiting = [...this.#waiting]
    const silent = this.#silent
    if (answers.length + MAX_SILENT < count) return null
    const heard = new Set(answers.map(({ node }) => node))
    const late = Promise.all(this.#settled).then(() => this.#answers.filter(({ node }) => !heard.has(node)))
    return { answers, waiting, silent, late }
  }

  async #askOne(node: KnownNode): Promise<void> {
    let reply: Reply
    try {
      reply = await this.#options.send(node)
    } catch (error) {
      if (!isOfOneNode(error)) throw error
      this.#waiting.delete(node)
      this.#silent.push(node)
      return this.#nodes.noteUseless(node.key)
    }
    this.#waiting.delete(node)
    if (reply.error === ERROR.UNKNOWN_COMMAND || reply.from.id === null) return this.#nodes.noteUseless(node.key)
    this.#nodes.note(reply)
    this.#answers.push({ node, reply })
    for (const stranger of this.#nodes.strangers(reply, this.#target, this.#farthest!)) {
      if (!this.#asked.has(stranger.key)) this.#named.set(stranger.key, stranger)
    }
  }
}
