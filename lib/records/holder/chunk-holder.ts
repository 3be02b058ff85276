/**
 * Answers the commands about segments of large values (docs/RECORDS.md, "Large values"): says what it has, gives chunks
 * and the hashes that prove them, and collects what is sent. A segment is stored when it is whole; a part of it is taken
 * in only when it is proved to be one.
 */
import type { Request } from '../../rpc/request.js'
import { chunkOf, type ChunkTree, encodeGroupProof, treeOf, verifyGroupProof } from '../codec/chunk-tree.js'
import {
  decodeFind,
  decodePartPut,
  decodePartRequest,
  encodeFindReply,
  encodePartPutReply,
  type FindReply,
  type PartPut,
  type PartPutReply,
} from '../codec/chunk-messages.js'
import { RECORD_COMMAND } from '../codec/commands.js'
import { SegmentBuffer } from '../codec/segment-buffer.js'
import type { Entry } from '../entry.js'
import { toHex } from '../hex.js'
import { isAlive } from '../rules/lifetime.js'
import type { Refusal } from '../rules/refusal.js'
import type { RecordStore } from '../store/contract.js'
import type { Admission } from './admission.js'
import { Assemblies, type Assembly } from './assemblies.js'
import { BoundedMap } from './bounded-map.js'
import { chunkKey } from './claim.js'
import { RenewalBudget } from './renewal-budget.js'

export interface ChunkHolderOptions {
  readonly store: RecordStore
  readonly admission: Admission
  /** Wall time in ms. */
  readonly wallTime: () => number
  /** Monotonic time in ms. */
  readonly now: () => number
}

/** A segment that is being read: a store on a disk would read it anew for each of its chunks. */
interface Served {
  readonly entry: Entry
  tree: ChunkTree | null
}

/** Segments kept at hand for readers: 4 MiB of the longest. */
const MAX_SERVED = 32

const PLAIN = { token: false, closerNodes: false }

type PutOf<K extends PartPut['kind']> = Extract<PartPut, { readonly kind: K }>

export class ChunkHolder {
  readonly #options: ChunkHolderOptions
  readonly #assemblies = new Assemblies()
  readonly #renewals = new RenewalBudget()
  readonly #served = new BoundedMap<Served>(MAX_SERVED)

  constructor(options: ChunkHolderOptions) {
    this.#options = options
  }

  /** Begins to answer; null: it is none of these commands. The promise rejects when the store fails. */
  handle(request: Request): Promise<void> | null {
    switch (request.command) {
      case RECORD_COMMAND.CHUNK_FIND:
        return this.#find(request)
      case RECORD_COMMAND.CHUNK_GET:
        return this.#get(request)
      case RECORD_COMMAND.CHUNK_PUT:
        return this.#put(request)
      default:
        return null
    }
  }

  /** Lets go of what is coming in. */
  close(): void {
    this.#assemblies.clear()
  }

  async #find(request: Request): Promise<void> {
    const { target, value } = request
    const channel = target === null || value === null ? null : decodeFind(value)
    if (channel === null) return refuse(request, { reason: 'MALFORMED' })
    request.reply(encodeFindReply(await this.#statusOf(channel, target!)))
  }

  async #statusOf(channel: string, address: Uint8Array): Promise<FindReply> {
    const entry = await this.#entryOf(channel, address)
    if (entry !== null) return { status: 'whole', sizeBytes: entry.value.length, expiresAtMs: entry.expiresAtMs }
    const assembly = this.#assemblies.get(nameOf(channel, address), this.#options.now())
    if (assembly === null) return { status: 'none' }
    const { buffer } = assembly
    return { status: 'partial', sizeBytes: buffer.sizeBytes, groups: buffer.groupFlags(), chunks: buffer.chunkFlags() }
  }

  async #get(request: Request): Promise<void> {
    const { target, value } = request
    const asked = target === null || value === null ? null : decodePartRequest(value)
    if (asked === null) return refuse(request, { reason: 'MALFORMED' })
    const served = await this.#serve(asked.channel, target!)
    if (served === null) return request.reply(null, PLAIN)
    const segment = served.entry.value
    if (asked.kind === 'chunk') {
      const chunk = chunkOf(segment, asked.index)
      return request.reply(chunk.length === 0 ? null : chunk, PLAIN)
    }
    served.tree ??= treeOf(segment)
    request.reply(
      asked.index < served.tree.chunkHashes.length ? encodeGroupProof(served.tree, asked.index) : null,
      PLAIN,
    )
  }

  async #put(request: Request): Promise<void> {
    const { target, token, value } = request
    const put = target === null || token === null || value === null ? null : decodePartPut(value)
    if (put === null) return refuse(request, { reason: 'MALFORMED' })
    request.reply(encodePartPutReply(await this.#take(put, target!, request.from.host)), PLAIN)
  }

  async #take(put: PartPut, address: Uint8Array, host: string): Promise<PartPutReply> {
    const name = nameOf(put.channel, address)
    const assembly = this.#assemblies.get(name, this.#options.now())
    if (assembly?.done != null) await assembly.done
    const entry = await this.#entryOf(put.channel, address)
    if (entry !== null) return this.#renew(entry, put.expiresAtMs, host)
    if (put.kind === 'renewal') return { status: 'unproved' }
    if (put.kind === 'proof') return this.#takeProof(put, address, host)
    // While the store was asked, another part may have come in.
    const current = this.#assemblies.get(name, this.#options.now())
    return current === null ? { status: 'unproved' } : this.#takeChunk(put, current)
  }

  async #takeProof(put: PutOf<'chunk' | 'proof'>, address: Uint8Array, host: string): Promise<PartPutReply> {
    const { admission, now } = this.#options
    const { channel, sizeBytes, expiresAtMs, index, bytes } = put
    if (verifyGroupProof({ address, sizeBytes }, index, bytes) === null) return forged(admission, channel)
    const refusal = await admission.foresee(chunkKey(channel, address), sizeBytes, expiresAtMs)
    if (refusal !== null) return { status: 'refused', refusal }
    const name = nameOf(channel, address)
    const open = (): Assembly | null =>
      this.#assemblies.open(name, host, new SegmentBuffer(address.slice(), sizeBytes), now())
    const assembly = this.#assemblies.get(name, now()) ?? open()
    if (assembly === null) return { status: 'refused', refusal: admission.refuse({ reason: 'BUSY' }, channel) }
    assembly.buffer.addProof(index, bytes)
    this.#assemblies.touch(assembly, expiresAtMs, now())
    return { status: 'taken' }
  }

  async #takeChunk(put: PutOf<'chunk' | 'proof'>, assembly: Assembly): Promise<PartPutReply> {
    const { admission, now } = this.#options
    const { buffer } = assembly
    const verdict = put.sizeBytes === buffer.sizeBytes ? buffer.addChunk(put.index, put.bytes) : 'forged'
    if (verdict === 'unproved') return { status: 'unproved' }
    if (verdict === 'forged') return forged(admission, put.channel)
    this.#assemblies.touch(assembly, put.expiresAtMs, now())
    if (!buffer.isWhole) return { status: 'taken' }
    const storing = (assembly.done ??= this.#store(put.channel, assembly)) as Promise<Refusal | null>
    const refusal = await storing
    return refusal === null ? { status: 'kept' } : { status: 'refused', refusal }
  }

  async #store(channel: string, assembly: Assembly): Promise<Refusal | null> {
    const { address, bytes } = assembly.buffer
    try {
      const claim = {
        kind: 'chunk',
        channel,
        target: address,
        value: bytes,
        expiresAtMs: assembly.expiresAtMs,
      } as const
      return (await this.#options.admission.admit(claim)).refusal
    } finally {
      this.#assemblies.remove(assembly)
    }
  }

  /** Nobody has signed the end, so anybody may move it: to a later one, and no further than the longest life from now. */
  async #renew(entry: Entry, expiresAtMs: number, host: string): Promise<PartPutReply> {
    if (expiresAtMs <= entry.expiresAtMs) return { status: 'kept' }
    const { admission, now } = this.#options
    const { channel, target, value } = entry
    if (!this.#renewals.take(host, value.length, now())) {
      return { status: 'refused', refusal: admission.refuse({ reason: 'BUSY' }, channel) }
    }
    const { refusal } = await admission.admit({ kind: 'chunk', channel, target, value, expiresAtMs })
    return refusal === null ? { status: 'kept' } : { status: 'refused', refusal }
  }

  async #serve(channel: string, address: Uint8Array): Promise<Served | null> {
    const name = nameOf(channel, address)
    const known = this.#served.get(name)
    if (known !== undefined && isAlive(known.entry.expiresAtMs, this.#options.wallTime())) return known
    const entry = await this.#entryOf(channel, address)
    if (entry === null) return null
    const served = { entry, tree: null }
    this.#served.set(name, served)
    return served
  }

  /** What may be served. */
  async #entryOf(channel: string, address: Uint8Array): Promise<Entry | null> {
    const entry = await this.#options.store.get(chunkKey(channel, address))
    return entry !== null && isAlive(entry.expiresAtMs, this.#options.wallTime()) ? entry : null
  }
}

function forged(admission: Admission, channel: string): PartPutReply {
  return { status: 'refused', refusal: admission.refuse({ reason: 'WRONG_TARGET' }, channel) }
}

function nameOf(channel: string, address: Uint8Array): string {
  return `${toHex(address)}/${channel}`
}

function refuse(request: Request, refusal: Refusal): void {
  request.reply(encodePartPutReply({ status: 'refused', refusal }), PLAIN)
}
