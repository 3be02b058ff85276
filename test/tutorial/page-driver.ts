/** Drives the model of the tutorial page as its worker does, and collects what the page would be told. */
import { setImmediate } from 'node:timers/promises'
import type { ActionName, Actions, Action } from '../../tutorial/page/model/actions.js'
import type {
  ConsoleLine,
  Frame,
  LookupView,
  NodeDetails,
  NodeView,
  RecordView,
} from '../../tutorial/page/model/frame.js'
import { PageModel } from '../../tutorial/page/model/page-model.js'

/** Real time between two slices, made up: the model runs the same on any machine. */
const ROUND_MS = 16

/** Of real time; a slice that is not cut off by it runs the same on any machine. */
const BUDGET_MS = 1e9

/** Rounds that something may take: ten minutes of the page's time. */
const MAX_ROUNDS = 40_000

export class PageDriver {
  readonly model: PageModel
  readonly nodes = new Map<number, NodeView>()
  readonly console: ConsoleLine[] = []
  readonly log: string[] = []
  lookup: LookupView | null = null
  details: NodeDetails | null = null
  record: RecordView | null = null
  frame!: Frame
  #now = 0

  constructor() {
    this.model = new PageModel({ now: () => this.#now })
  }

  /** Does something, and lets time pass until it is done. */
  async act<Name extends ActionName>(name: Name, ...args: Parameters<Actions[Name]>): Promise<void> {
    let done = false
    const acted = this.model.act({ name, args } as unknown as Action).finally(() => (done = true))
    await this.until(() => done)
    await acted
    this.take()
  }

  /** Lets time pass until something holds. @throws Error when it never does */
  async until(predicate: () => boolean): Promise<void> {
    for (let i = 0; i < MAX_ROUNDS; i++) {
      await setImmediate()
      if (predicate()) return
      await this.round()
    }
    throw new Error('it takes too long')
  }

  async round(): Promise<void> {
    this.#now += ROUND_MS
    await this.model.slice(BUDGET_MS)
    this.take()
  }

  /** What the page would be told now. */
  take(): void {
    const frame = this.model.frame()
    if (frame.epoch !== (this.frame as Frame | undefined)?.epoch) {
      this.nodes.clear()
      this.record = null
    }
    this.frame = frame
    for (const node of frame.changed) this.nodes.set(node.key, node)
    for (const key of frame.removed) this.nodes.delete(key)
    this.console.push(...frame.console)
    this.log.push(...frame.log.map(({ text }) => text))
    this.lookup = frame.lookup ?? this.lookup
    this.details = frame.details ?? this.details
    this.record = frame.record ?? this.record
  }

  /** What the code printed. */
  get printed(): string[] {
    return this.console.map(({ text }) => text)
  }
}
