/** The page's state: what the frames say, put together, and what the visitor has chosen. */
import type { Action, ActionName, Actions } from './model/actions.js'
import type {
  ClockView,
  ConnectionView,
  ConsoleLine,
  Flight,
  Frame,
  LogEntry,
  LookupView,
  NetworkKind,
  NetworkNumbers,
  NodeDetails,
  NodeView,
  RecordView,
  Sample,
  Task,
} from './model/frame.js'

/** Entries, lines, points and datagrams that the page keeps. */
const MAX_LOG = 200
const MAX_CONSOLE = 300
const MAX_SAMPLES = 240
const MAX_FLIGHTS = 400

export type ChapterView = 'text' | 'code'

export type PhoneView = 'chapter' | 'actions' | 'panels'

export class PageState {
  epoch = 0
  kind: NetworkKind = 'simulated'
  clock: ClockView = { nowMs: 0, paused: false, speed: 1, hurrying: false, keptUp: 1 }
  task: Task | null = null
  /** By number. BOUNDED: by the model's limit. */
  readonly nodes = new Map<number, NodeView>()
  details: NodeDetails | null = null
  lookup: LookupView | null = null
  record: RecordView | null = null
  numbers: NetworkNumbers | null = null
  connection: ConnectionView | null = null
  /** Newest last. BOUNDED: by MAX_… above. */
  log: LogEntry[] = []
  console: ConsoleLine[] = []
  samples: Sample[] = []
  flights: Flight[] = []
  running = false
  /** Chapter whose code the console is of. */
  ranChapter = -1
  loss = 0
  cut = false

  selected: number | null = null
  pointed: number | null = null
  chapter = 0
  chapterView: ChapterView = 'text'
  panel = 'lookup'
  /** What a phone shows below the picture. */
  phoneView: PhoneView = 'chapter'
  /** Words for lookups. */
  key = 'lunch'
  value = 'tomato soup'
  /** NAT of nodes that are added. */
  nat: NodeView['nat'] = 'open'
  /** The dialog of the real network is open. */
  connecting = false
  #toldSelected: number | null = null

  /** What nodes have come, gone or changed: the picture has to be laid out anew. */
  takeFrame(frame: Frame): { isNewNetwork: boolean; moved: boolean } {
    const isNewNetwork = frame.epoch !== this.epoch
    if (isNewNetwork) this.#startOver(frame.epoch)
    this.kind = frame.kind
    this.clock = frame.clock
    this.task = frame.task
    this.running = frame.running
    this.loss = frame.loss
    this.cut = frame.cut
    this.connection = frame.connection
    this.numbers = frame.numbers ?? this.numbers
    this.lookup = frame.lookup ?? this.lookup
    this.record = frame.record ?? this.record
    // Only what the code has selected since is news: the visitor's own choice is known already.
    if (frame.selected !== this.#toldSelected) this.selected = this.#toldSelected = frame.selected
    if (frame.details !== null && frame.details.key === this.selected) this.details = frame.details
    const moved = this.#takeNodes(frame)
    this.log = newest(this.log, frame.log, MAX_LOG)
    this.console = newest(this.console, frame.console, MAX_CONSOLE)
    this.samples = newest(this.samples, frame.samples, MAX_SAMPLES)
    const now = frame.clock.nowMs
    const onTheWay = this.flights.filter(({ sentAtMs, tookMs }) => sentAtMs + tookMs >= now)
    this.flights = newest(onTheWay, frame.flights, MAX_FLIGHTS)
    return { isNewNetwork, moved }
  }

  #startOver(epoch: number): void {
    this.epoch = epoch
    this.nodes.clear()
    this.details = null
    this.lookup = null
    this.record = null
    this.numbers = null
    this.log = []
    this.samples = []
    this.flights = []
    this.selected = this.#toldSelected = null
    this.pointed = null
  }

  #takeNodes({ changed, removed }: Frame): boolean {
    let moved = removed.length > 0
    for (const node of changed) {
      moved ||= this.nodes.get(node.key)?.id !== node.id
      this.nodes.set(node.key, node)
    }
    for (const key of removed) {
      this.nodes.delete(key)
      if (this.pointed === key) this.pointed = null
      if (this.selected === key) this.selected = null
    }
    return moved
  }
}

function newest<T>(old: T[], fresh: readonly T[], most: number): T[] {
  return fresh.length === 0 && old.length <= most ? old : [...old, ...fresh].slice(-most)
}

/** What views can do. */
export interface PageHost {
  readonly state: PageState
  /** Asks the model for something. */
  act<Name extends ActionName>(name: Name, ...args: Parameters<Actions[Name]>): void
  /** Changes what the visitor has chosen, and draws anew. */
  change(changes: Partial<PageState>): void
  select(key: number | null): void
  runCode(code: string): void
  stopCode(): void
}

/** An action as plain data. */
export function actionOf<Name extends ActionName>(name: Name, args: Parameters<Actions[Name]>): Action {
  return { name, args } as unknown as Action
}
