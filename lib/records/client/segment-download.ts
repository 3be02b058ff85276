/**
 * Fetches one segment of a large value, from several of its holders at a time. Each chunk is verified when it comes; a
 * wrong one is fetched from somebody else, and who sends several is not asked again.
 */
import type { Reply } from '../../rpc/reply.js'
import { CHUNK_BYTES, GROUP_CHUNKS, isSegmentSize } from '../codec/chunk-tree.js'
import {
  decodeFindReply,
  encodeFind,
  encodePartRequest,
  type FindReply,
  type PartKind,
} from '../codec/chunk-messages.js'
import { RECORD_COMMAND } from '../codec/commands.js'
import { SegmentBuffer } from '../codec/segment-buffer.js'
import { chunkKey } from '../holder/claim.js'
import { RecordsError } from '../records-error.js'
import { isAlive } from '../rules/lifetime.js'
import type { CallContext } from './context.js'
import type { Lane, RequestPool } from './request-pool.js'

/** Which part of which segment. */
export interface SegmentWanted {
  readonly channel: string
  readonly address: Uint8Array
  /** Bytes of the whole segment; null: not known, it is what the holders say. */
  readonly sizeBytes: number | null
  /** First byte, and the one behind the last. */
  readonly from: number
  readonly to: number
  /** Told of chunks that came in: bytes. */
  readonly onBytes: (sizeBytes: number) => void
  /** Told of what came in and was not what it should have been. */
  readonly onRejected: () => void
}

interface Part {
  readonly kind: PartKind
  readonly index: number
  /** Holders that sent something else. BOUNDED: by the holders of the segment. */
  readonly refutedOf: Set<Lane>
}

/** A holder, and how long the segment is by its word. */
interface Source {
  readonly lane: Lane
  readonly sizeBytes: number
}

/** A lookup is broken off when so many holders have been found: all that are needed, as long as they do what they say. */
const QUICK_SOURCES = 4

/** Wrong parts by which a holder shows that it is no use. A disk may have spoilt one. */
const MAX_WRONG = 3

/** Whole lookups after that, when what was found is not enough. */
const THOROUGH_LOOKUPS = 2

/**
 * @returns the bytes of the segment, zeros where none are wanted; not to be changed. Rejects with RecordsError
 *   VALUE_UNAVAILABLE
 */
export async function fetchSegment(
  context: CallContext,
  pool: RequestPool,
  wanted: SegmentWanted,
): Promise<Uint8Array> {
  const own = await readHere(context, wanted)
  if (own !== null) {
    wanted.onBytes(Math.min(wanted.to, own.length) - wanted.from)
    return own
  }
  const download = new SegmentDownload(pool, wanted)
  for (let lookup = 0; lookup <= THOROUGH_LOOKUPS; lookup++) {
    await download.collect(await findSources(context, pool, wanted, lookup === 0 ? QUICK_SOURCES : Infinity))
    if (download.whole !== null) return download.whole
  }
  throw new RecordsError('VALUE_UNAVAILABLE', download.describe())
}

async function readHere(
  { local, clock }: CallContext,
  { channel, address }: SegmentWanted,
): Promise<Uint8Array | null> {
  const entry = local === null ? null : await local.store.get(chunkKey(channel, address))
  return entry !== null && isAlive(entry.expiresAtMs, clock.wallTime()) ? entry.value : null
}

async function findSources(
  { session }: CallContext,
  pool: RequestPool,
  { address, channel, sizeBytes }: SegmentWanted,
  enough: number,
): Promise<Source[]> {
  const sources: Source[] = []
  for await (const reply of session.query({
    target: address,
    command: RECORD_COMMAND.CHUNK_FIND,
    value: encodeFind(channel),
  })) {
    const found: FindReply | null = reply.value === null ? null : decodeFindReply(reply.value)
    if (found?.status !== 'whole' || (sizeBytes !== null && found.sizeBytes !== sizeBytes)) continue
    const lane = pool.lane(reply.from, reply.token)
    // It has just answered.
    lane.pace.revive()
    sources.push({ lane, sizeBytes: found.sizeBytes })
    if (sources.length >= enough) break
  }
  return sources
}

class SegmentDownload {
  readonly #pool: RequestPool
  readonly #wanted: SegmentWanted
  /** By size, for holders may lie about it. BOUNDED: by the sources of three lookups. */
  readonly #buffers = new Map<number, SegmentBuffer>()
  readonly #record: TrackRecord = { passedOver: new Set(), wrong: new Map() }
  #whole: Uint8Array | null = null
  #found = 0

  constructor(pool: RequestPool, wanted: SegmentWanted) {
    this.#pool = pool
    this.#wanted = wanted
  }

  /** null: not all that is wanted is there yet. */
  get whole(): Uint8Array | null {
    return this.#whole
  }

  /** Fetches what is missing, as far as these have it. */
  async collect(sources: readonly Source[]): Promise<void> {
    const bySize = new Map<number, Lane[]>()
    for (const { lane, sizeBytes } of sources) {
      if (this.#record.passedOver.has(lane)) continue
      const lanes = bySize.get(sizeBytes)
      if (lanes === undefined) bySize.set(sizeBytes, [lane])
      else lanes.push(lane)
    }
    this.#found = Math.max(this.#found, sources.length)
    // What most of them say first.
    for (const [sizeBytes, lanes] of [...bySize].sort((a, b) => b[1].length - a[1].length)) {
      if (this.#whole === null && isSegmentSize(sizeBytes)) await this.#collectFrom(lanes, this.#bufferOf(sizeBytes))
    }
  }

  describe(): string {
    const buffers = [...this.#buffers.values()]
    const best = buffers.sort((a, b) => b.taken - a.taken)[0]
    const have = best === undefined ? '' : `, ${best.taken} of ${best.count} chunks came in`
    return `${this.#found} nodes said that they have a segment of it${have}`
  }

  #bufferOf(sizeBytes: number): SegmentBuffer {
    let buffer = this.#buffers.get(sizeBytes)
    if (buffer === undefined) {
      this.#buffers.set(sizeBytes, (buffer = new SegmentBuffer(this.#wanted.address, sizeBytes)))
    }
    return buffer
  }

  async #collectFrom(lanes: readonly Lane[], buffer: SegmentBuffer): Promise<void> {
    const run = new Collecting(this.#pool, this.#wanted, buffer, lanes, this.#record)
    if (await run.isComplete()) this.#whole = buffer.bytes
  }
}

/** How holders of a segment have behaved. BOUNDED: by the sources of three lookups. */
interface TrackRecord {
  /** They have not got it, or are no use. */
  readonly passedOver: Set<Lane>
  /** Wrong parts that they sent. */
  readonly wrong: Map<Lane, number>
}

/** One pass over what is missing of a segment. */
class Collecting {
  readonly #pool: RequestPool
  readonly #wanted: SegmentWanted
  readonly #buffer: SegmentBuffer
  readonly #record: TrackRecord
  #lanes: readonly Lane[]
  /** What is to be asked for. BOUNDED: by the chunks and groups of a segment. */
  readonly #parts: Part[]
  #inFlight = 0
  #failure: { readonly error: unknown } | null = null
  #wake = (): void => {}

  constructor(
    pool: RequestPool,
    wanted: SegmentWanted,
    buffer: SegmentBuffer,
    lanes: readonly Lane[],
    record: TrackRecord,
  ) {
    this.#pool = pool
    this.#wanted = wanted
    this.#buffer = buffer
    this.#lanes = lanes
    this.#record = record
    this.#parts = missingParts(buffer, wanted.from, wanted.to)
  }

  /** Runs it. @returns whether all that is wanted is there; rejects when the call is over */
  async isComplete(): Promise<boolean> {
    while (this.#parts.length > 0 || this.#inFlight > 0) {
      const part = this.#next()
      if (part !== null) await this.#sendInTurn(part)
      else if (this.#inFlight === 0) break
      else await new Promise<void>((resolve) => (this.#wake = resolve))
      if (this.#failure !== null) throw this.#failure.error
    }
    return missingParts(this.#buffer, this.#wanted.from, this.#wanted.to).length === 0
  }

  /** The first part that can be asked for: a chunk can when its hash is known. */
  #next(): Part | null {
    const at = this.#parts.findIndex(({ kind, index }) => kind === 'proof' || this.#buffer.isProved(groupOf(index)))
    return at === -1 ? null : this.#parts.splice(at, 1)[0]!
  }

  /** Asks for it. Where nobody is left to be asked, it is dropped: another lookup may find somebody. */
  async #sendInTurn(part: Part): Promise<void> {
    const { refutedOf } = part
    const lanes = refutedOf.size === 0 ? this.#lanes : this.#lanes.filter((lane) => !refutedOf.has(lane))
    const lane = await this.#pool.acquire(lanes)
    if (lane === null) return
    if (this.#record.passedOver.has(lane)) {
      this.#parts.unshift(part)
      this.#pool.release(lane)
    } else {
      void this.#send(part, lane)
    }
  }

  async #send(part: Part, lane: Lane): Promise<void> {
    this.#inFlight++
    const { channel, address: target } = this.#wanted
    try {
      const value = encodePartRequest({ channel, kind: part.kind, index: part.index })
      const reply = await this.#pool.request(lane, { command: RECORD_COMMAND.CHUNK_GET, target, value })
      if (reply === null || !this.#take(part, lane, reply)) this.#parts.unshift(part)
    } catch (error) {
      this.#failure ??= { error }
    } finally {
      this.#inFlight--
      this.#wake()
    }
  }

  /** @returns whether it was what was asked for */
  #take(part: Part, lane: Lane, { error, value }: Reply): boolean {
    const { kind, index } = part
    if (error !== 0 || value === null) {
      this.#passOver(lane)
      return false
    }
    if (kind === 'proof') {
      if (this.#buffer.addProof(index, value)) return true
    } else {
      const verdict = this.#buffer.addChunk(index, value)
      if (verdict === 'taken') this.#wanted.onBytes(this.#wantedBytesOf(index))
      if (verdict === 'taken' || verdict === 'known') return true
    }
    this.#wanted.onRejected()
    part.refutedOf.add(lane)
    const { wrong } = this.#record
    wrong.set(lane, (wrong.get(lane) ?? 0) + 1)
    if (wrong.get(lane)! >= MAX_WRONG) this.#passOver(lane)
    return false
  }

  #passOver(lane: Lane): void {
    this.#record.passedOver.add(lane)
    this.#lanes = this.#lanes.filter((each) => each !== lane)
  }

  #wantedBytesOf(index: number): number {
    const { from, to } = this.#wanted
    const start = index * CHUNK_BYTES
    return Math.min(to, start + CHUNK_BYTES, this.#buffer.sizeBytes) - Math.max(from, start)
  }
}

/** Hashes first, then chunks. */
function missingParts(buffer: SegmentBuffer, from: number, to: number): Part[] {
  const first = Math.floor(from / CHUNK_BYTES)
  const end = Math.min(buffer.count, Math.ceil(to / CHUNK_BYTES))
  const indexes = Array.from({ length: Math.max(0, end - first) }, (_, i) => first + i).filter((i) => !buffer.has(i))
  const groups = new Set(indexes.map(groupOf).filter((group) => !buffer.isProved(group)))
  const partOf = (kind: PartKind, index: number): Part => ({ kind, index, refutedOf: new Set() })
  return [...Array.from(groups, (index) => partOf('proof', index)), ...indexes.map((index) => partOf('chunk', index))]
}

function groupOf(index: number): number {
  return Math.floor(index / GROUP_CHUNKS)
}
