/** The lookups of the network's applications: which is shown, and how those that are over went. */
import type { QueryMessage } from 'xorpc'
import type { LookupView } from './frame.js'
import { LookupStory } from './lookup-story.js'
import { GET, type LookupWatch, PUT, type TutorialNode, toHex } from './tutorial-node.js'

export interface LookupsOptions {
  /** What to call a node. */
  nameOf: (node: TutorialNode) => string
  tell: (text: string, level?: 'detail' | 'notice') => void
}

const decoder = new TextDecoder()

export class Lookups {
  /** Lookups that are over. */
  finished = 0
  readonly #options: LookupsOptions
  #number = 0
  #story: LookupStory | null = null
  #taken = -1
  #totalMs = 0
  #totalRequests = 0

  constructor(options: LookupsOptions) {
    this.#options = options
  }

  /** The lookup that is shown: the one that began last. */
  get story(): LookupStory | null {
    return this.#story
  }

  /** How many have begun. */
  get count(): number {
    return this.#number
  }

  /** Target of the lookup that is shown; '' without any. */
  get target(): string {
    return this.#story?.target ?? ''
  }

  get meanMs(): number {
    return this.#totalMs / this.finished
  }

  get meanRequests(): number {
    return this.#totalRequests / this.finished
  }

  /** Shows a lookup that begins. For a node's `watch`; also for lookups of the node's own. */
  readonly watch = (node: TutorialNode, message: QueryMessage | null, title = titleOf(message)): LookupWatch => {
    const name = this.#options.nameOf(node)
    const story = new LookupStory({ number: ++this.#number, title: `${name} ${title}`, asker: toHex(node.table.id) })
    this.#story = story
    return {
      trace: (event) => {
        story.onEvent(event)
        if (event.type === 'started') this.#options.tell(`${name} ${title}`)
        if (event.type !== 'done') return
        this.finished++
        this.#totalMs += event.atMs
        this.#totalRequests += event.asked
        this.#options.tell(endOf(story.view()), 'notice')
      },
      reply: ({ from, token, value }) => {
        story.onReply(from, token === null ? null : toHex(token), value === null ? null : decoder.decode(value))
      },
    }
  }

  /** The lookup that is shown, if it has changed since the last call. */
  take(): LookupView | null {
    const version = this.#story === null ? -1 : this.#story.number * 1e6 + this.#story.version
    if (version === this.#taken) return null
    this.#taken = version
    return this.#story!.view()
  }
}

function titleOf(message: QueryMessage | null): string {
  if (message === null) return 'looks for the closest nodes'
  if (message.command === PUT) return 'writes a value'
  if (message.command === GET) return 'reads a value'
  return `asks with command ${message.command}`
}

function endOf({ title, error, closest, asked, failed, tookMs, phase, value }: LookupView): string {
  const accepted = closest.filter(({ commit }) => commit === 'accepted').length
  const time = `${(tookMs / 1000).toFixed(2)} s`
  const silent = failed === 0 ? '' : `, ${failed} silent`
  const end = phase === 'done' && error !== null ? `ended early (${error})` : `${closest.length} closest nodes found`
  const commit = accepted === 0 ? '' : `; ${accepted} took the commit`
  const found = value === null ? '' : `; value found: ${value.slice(0, 60)}`
  return `${title}: ${end} after ${asked} requests${silent}, ${time}${commit}${found}`
}
