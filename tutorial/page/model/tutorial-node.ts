/**
 * A node that keeps values, as the chapters on writing and reading build it, and whose application's lookups can be
 * watched. The page's simulated network is made of these, and so are the nodes of the local network beside it.
 *
 * A value is stored only with a valid token, and not without limit.
 */
import DHT, {
  type DHTOptions,
  type LookupEvent,
  type Query,
  type QueryMessage,
  type QueryOptions,
  type Reply,
  type Request,
} from 'xorpc'
import { type Entry, MemoryStore, Records } from 'xorpc/records'

/** Commands of the page: store a value at the target, and give it back. Chapters use small numbers for their own. */
export const PUT = 100
export const GET = 101

/** Commands of records: their holders look after them all the time, which is no lookup that a visitor has begun. */
const RECORD_COMMANDS = { from: 80, to: 95 }

/** Values of one node. A tutorial writes a handful; a stranger with tokens must not fill the memory. */
const MAX_VALUES = 200

/** Hears of one lookup. */
export interface LookupWatch {
  trace: (event: LookupEvent) => void
  reply: (reply: Reply) => void
}

/** Asked when a node begins a lookup for its application; null: nobody watches. */
export type WatchLookup = (node: TutorialNode, message: QueryMessage | null) => LookupWatch | null

export class TutorialNode extends DHT {
  /** Values by target, in hexadecimal digits. BOUNDED: by MAX_VALUES; the oldest goes. */
  readonly values = new Map<string, Uint8Array>()
  watch: WatchLookup | null = null
  /** Set by {@link keepRecords}. */
  records: Records | null = null
  readonly #store = new MemoryStore()
  readonly #platform: Pick<DHTOptions, 'clock' | 'random'>

  constructor(options: DHTOptions = {}) {
    super(options)
    const { clock, random } = options
    this.#platform = { ...(clock && { clock }), ...(random && { random }) }
  }

  /** Keeps records for others from now on, as chapter 13 does. */
  keepRecords(): Records {
    return (this.records ??= new Records(this, { store: this.#store, ...this.#platform }))
  }

  /** The record that lies alone under this key here. */
  recordOf(target: Uint8Array): Promise<Entry | null> {
    return this.#store.get({ channel: '', target, subkey: new Uint8Array(0) })
  }

  override onrequest(request: Request): unknown {
    const { command, target, value } = request
    const isOurs = target !== null && (command === GET || command === PUT)
    if (!isOurs) return super.onrequest(request)
    const key = toHex(target)
    // Without a token this is the walk that asks for one; the reply brings it.
    if (command === PUT && value !== null && request.token !== null) this.#keep(key, value)
    return request.reply(this.values.get(key))
  }

  override query<T = Reply>(message: QueryMessage, options: QueryOptions<T> = {}): Query<T> {
    const { command } = message
    const isOfRecords = command >= RECORD_COMMANDS.from && command <= RECORD_COMMANDS.to
    return super.query(message, watched(isOfRecords ? null : (this.watch?.(this, message) ?? null), options))
  }

  override findNode<T = Reply>(target: Uint8Array, options: QueryOptions<T> = {}): Query<T> {
    return super.findNode(target, watched(this.watch?.(this, null) ?? null, options))
  }

  #keep(key: string, value: Uint8Array): void {
    this.values.delete(key)
    this.values.set(key, value)
    if (this.values.size > MAX_VALUES) this.values.delete(this.values.keys().next().value!)
  }
}

/** The options of a query with a watch on it; whatever else listens goes on to. */
function watched<T>(watch: LookupWatch | null, options: QueryOptions<T>): QueryOptions<T> {
  if (watch === null) return options
  const { map, trace } = options
  return {
    ...options,
    trace: (event) => {
      watch.trace(event)
      trace?.(event)
    },
    map: (reply) => {
      watch.reply(reply)
      return map ? map(reply) : (reply as T)
    },
  }
}

/** Bytes as hexadecimal digits. */
export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0')
  return text
}
