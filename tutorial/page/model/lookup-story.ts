/**
 * A lookup as a picture shows it, put together from the events of its trace: whom it knows, whom it has asked, who
 * answered, who took the commit. Pure but for its own state: the same events give the same view.
 */
import type { LookupEvent, TraceNode } from 'xorpc'
import type { LookupNodeView, LookupView } from './frame.js'
import { compareDistance } from './keyspace.js'

/** Length of a lookup's result, as of a k-bucket. */
const K = 20

/** Nodes of the frontier that are told: as many as could be in the result. */
const FRONTIER_SHOWN = 20

/** Digits of a token: enough to see that they differ. */
const TOKEN_DIGITS = 8

export type StoryPhase = 'walking' | 'committing' | 'done'

export type StoryNodeStatus = 'known' | 'asked' | 'slow' | 'presumed-dead' | 'answered' | 'failed'

export interface StoryOptions {
  number: number
  title: string
  /** Id of the node that asks, 64 hexadecimal digits. */
  asker: string
}

export class LookupStory {
  /** Counts changes: the same number, the same view. */
  version = 0
  readonly #options: StoryOptions
  /** By host and port. BOUNDED: by the nodes that one lookup learns of. */
  readonly #nodes = new Map<string, LookupNodeView>()
  #target = ''
  #phase: StoryPhase = 'walking'
  #error: string | null = null
  #tookMs = 0
  #asked = 0
  #answered = 0
  #failed = 0
  #value: string | null = null

  constructor(options: StoryOptions) {
    this.#options = options
  }

  get number(): number {
    return this.#options.number
  }

  get target(): string {
    return this.#target
  }

  get done(): boolean {
    return this.#phase === 'done'
  }

  /** The next event of the trace. */
  onEvent(event: LookupEvent): void {
    this.version++
    this.#tookMs = event.atMs
    switch (event.type) {
      case 'started':
        this.#target = event.target
        break
      case 'learnt':
        this.#at(event.node).by = event.by?.id ?? null
        break
      case 'asked':
        this.#asked++
        if (!event.side) this.#at(event.node).status = 'asked'
        break
      case 'slow':
      case 'presumed-dead':
        this.#at(event.node).status = event.type
        break
      case 'retried':
        break
      case 'answered': {
        this.#answered++
        const node = this.#at(event.node)
        node.status = 'answered'
        node.rttMs = event.rttMs
        break
      }
      case 'failed':
        this.#failed++
        if (!event.side) this.#at(event.node).status = 'failed'
        break
      case 'commit-asked':
        this.#phase = 'committing'
        this.#at(event.node).commit = 'asked'
        break
      case 'commit-accepted':
        this.#at(event.node).commit = 'accepted'
        break
      case 'commit-refused':
        this.#at(event.node).commit = 'refused'
        break
      case 'done':
        this.#phase = 'done'
        this.#error = event.error
    }
  }

  /** What a reply of the lookup carried. */
  onReply(from: { host: string; port: number }, token: string | null, value: string | null): void {
    const node = this.#nodes.get(`${from.host}:${from.port}`)
    if (node === undefined) return
    this.version++
    node.token = token?.slice(0, TOKEN_DIGITS) ?? null
    node.hasValue = value !== null
    this.#value ??= value
  }

  /** As plain data. */
  view(): LookupView {
    const target = this.#target
    const nodes = [...this.#nodes.values()].sort((a, b) => compareDistance(target, a.id, b.id))
    const withStatus = (...wanted: StoryNodeStatus[]) => nodes.filter(({ status }) => wanted.includes(status))
    const answered = withStatus('answered')
    const frontier = withStatus('known')
    const { number, title, asker } = this.#options
    return {
      number,
      title,
      asker,
      target,
      phase: this.#phase,
      error: this.#error,
      tookMs: this.#tookMs,
      asked: this.#asked,
      answered: this.#answered,
      failed: this.#failed,
      hops: answered.reduce((most, { hop }) => Math.max(most, hop), 0),
      frontier: frontier.slice(0, FRONTIER_SHOWN),
      waiting: withStatus('asked', 'slow', 'presumed-dead'),
      closest: answered.slice(0, K),
      rest: [...answered.slice(K), ...withStatus('failed')],
      value: this.#value,
    }
  }

  #at({ host, port, id, sharedBits, hop }: TraceNode): LookupNodeView {
    const key = `${host}:${port}`
    const known = this.#nodes.get(key)
    if (known !== undefined) return known
    const node: LookupNodeView = {
      host,
      port,
      id,
      sharedBits,
      hop,
      status: 'known',
      by: null,
      rttMs: null,
      token: null,
      hasValue: false,
      commit: null,
    }
    this.#nodes.set(key, node)
    return node
  }
}
