/** What a node answered. */
import { ADDRESS_BYTES, addressKey, formatIPv4 } from '../primitives/address.js'
import { HASH_BYTES } from '../primitives/hash.js'
import { idFromIp } from '../primitives/id.js'
import { copyBytes, readIp, readPort } from '../wire/bytes.js'
import type { DecodedResponse } from '../wire/response.js'
import { Slab } from '../wire/slab.js'

/** A node in a message; `id` is null where it is unknown or did not match the address. */
export interface Peer {
  /** 32-byte Uint8Array, or null. Shared with the node's tables: read only. */
  id: Uint8Array | null
  host: string
  port: number
}

const NO_BYTES = new Uint8Array(0)

/** Of replies without a value: most, and of lookups mostly for the names in them. */
const slab = new Slab()

/**
 * A reply. The buffers in it are its own (or shared and read-only, `from.id`); none keeps a receive buffer alive.
 *
 * The datagram is copied once and as a whole; a field is cut out or decoded when it is read first, for most replies are
 * only looked at for one of them. Replies without a value share 8 kB, which each of them keeps in memory.
 */
export class Reply {
  /** 16-bit transaction id. */
  readonly tid: number
  /** Milliseconds from the transmission that this answers to the reply. */
  readonly rtt: number
  /** Who answered. */
  readonly from: Peer
  /** 0 for success, else the error number the other node answered with. */
  readonly error: number

  readonly #message: DecodedResponse
  /** Holds the datagram, from `#at` on; empty when there is nothing to cut out of it. */
  readonly #bytes: Uint8Array
  readonly #at: number
  #token: Uint8Array | null = null
  #value: Uint8Array | null = null
  #closer: CloserAddresses | null = null
  #to: Peer | null = null
  #closerNodes: Peer[] | null = null

  constructor(bytes: Uint8Array, message: DecodedResponse, from: Peer, rtt: number) {
    this.tid = message.tid
    this.rtt = rtt
    this.from = from
    this.error = message.error
    this.#message = message
    const { tokenAt, closerAt, valueAt } = message
    if (valueAt !== -1) {
      this.#bytes = copyBytes(bytes, 0, bytes.length)
      this.#at = 0
    } else if (tokenAt !== -1 || closerAt !== -1) {
      slab.copy(bytes)
      this.#bytes = slab.bytes
      this.#at = slab.at
    } else {
      this.#bytes = NO_BYTES
      this.#at = 0
    }
  }

  /** 32-byte round-trip token for a commit, or null. */
  get token(): Uint8Array | null {
    const { tokenAt } = this.#message
    if (tokenAt === -1) return null
    return (this.#token ??= copyBytes(this.#bytes, this.#at + tokenAt, HASH_BYTES))
  }

  /** The value, or null. An empty value is a buffer of length 0. */
  get value(): Uint8Array | null {
    const { valueAt, valueBytes } = this.#message
    if (valueAt === -1) return null
    return (this.#value ??= this.#bytes.subarray(valueAt, valueAt + valueBytes))
  }

  /** Our address as the other node sees it; its `id` is always null. */
  get to(): Peer {
    this.#to ??= { id: null, host: formatIPv4(this.#message.toIp), port: this.#message.toPort }
    return this.#to
  }

  /** Nodes it knows close to the target, unverified, with the ids that their addresses give; null when it named none. */
  get closerNodes(): Peer[] | null {
    this.#closerNodes ??= this.closer?.toPeers() ?? null
    return this.#closerNodes
  }

  /** The closer nodes as bare addresses, for the lookup that walks over them. @internal */
  get closer(): CloserAddresses | null {
    const { closerAt, closerCount } = this.#message
    if (closerAt === -1) return null
    this.#closer ??= new CloserAddresses(this.#bytes, this.#at + closerAt, closerCount)
    return this.#closer
  }

  /** `addressKey` of `to`. @internal */
  get toKey(): number {
    return addressKey(this.#message.toIp, this.#message.toPort)
  }
}

/** The address list of a reply as it came: 120 bytes instead of 20 objects that few ever look at. */
class CloserAddresses {
  readonly length: number
  readonly #bytes: Uint8Array
  readonly #at: number

  constructor(bytes: Uint8Array, at: number, count: number) {
    this.length = count
    this.#bytes = bytes
    this.#at = at
  }

  ipAt(index: number): number {
    return readIp(this.#bytes, this.#at + index * ADDRESS_BYTES)
  }

  portAt(index: number): number {
    return readPort(this.#bytes, this.#at + index * ADDRESS_BYTES)
  }

  toPeers(): Peer[] {
    const peers: Peer[] = []
    for (let i = 0; i < this.length; i++) {
      const ip = this.ipAt(i)
      const port = this.portAt(i)
      peers.push({ id: idFromIp(ip, port), host: formatIPv4(ip), port })
    }
    return peers
  }
}
