/** What a node answered. */
import { ADDRESS_BYTES, addressKey, formatIPv4 } from '../primitives/address.js'
import { HASH_BYTES } from '../primitives/hash.js'
import { idFromIp } from '../primitives/id.js'
import { copyBytes, readIp, readPort } from '../wire/bytes.js'
import type { DecodedResponse } from '../wire/response.js'

/** A node in a message; `id` is null where it is unknown or did not match the address. */
export interface Peer {
  /** 32-byte Uint8Array, or null. Shared with the node's tables: read only. */
  id: Uint8Array | null
  host: string
  port: number
}

/**
 * A reply. The buffers in it are its own (or shared and read-only, `from.id`); none keeps a receive buffer alive.
 *
 * `to` and `closerNodes` are decoded when they are read first: most replies are only looked at for their value.
 */
export class Reply {
  /** 16-bit transaction id. */
  readonly tid: number
  /** Milliseconds from the latest transmission to this reply. */
  readonly rtt: number
  /** Who answered. */
  readonly from: Peer
  /** 32-byte round-trip token for a commit, or null. */
  readonly token: Uint8Array | null
  /** 0 for success, else the error number the other node answered with. */
  readonly error: number
  /** The value, or null. An empty value is a buffer of length 0. */
  readonly value: Uint8Array | null

  readonly #toIp: number
  readonly #toPort: number
  readonly #closer: CloserAddresses | null
  #to: Peer | null = null
  #closerNodes: Peer[] | null = null

  constructor(bytes: Uint8Array, message: DecodedResponse, from: Peer, rtt: number) {
    this.tid = message.tid
    this.rtt = rtt
    this.from = from
    this.token = message.tokenAt === -1 ? null : copyBytes(bytes, message.tokenAt, HASH_BYTES)
    this.error = message.error
    this.value = message.valueAt === -1 ? null : copyBytes(bytes, message.valueAt, message.valueBytes)
    this.#toIp = message.toIp
    this.#toPort = message.toPort
    this.#closer = message.closerAt === -1 ? null : new CloserAddresses(bytes, message.closerAt, message.closerCount)
  }

  /** Our address as the other node sees it; its `id` is always null. */
  get to(): Peer {
    this.#to ??= { id: null, host: formatIPv4(this.#toIp), port: this.#toPort }
    return this.#to
  }

  /** Nodes it knows close to the target, unverified, with the ids that their addresses give; null when it named none. */
  get closerNodes(): Peer[] | null {
    if (this.#closer === null) return null
    this.#closerNodes ??= this.#closer.toPeers()
    return this.#closerNodes
  }

  /** The closer nodes as bare addresses, for the lookup that walks over them. @internal */
  get closer(): CloserAddresses | null {
    return this.#closer
  }

  /** `addressKey` of `to`. @internal */
  get toKey(): number {
    return addressKey(this.#toIp, this.#toPort)
  }
}

/** The address list of a reply, in bytes of its own: 120 of them instead of 20 objects that few ever look at. */
export class CloserAddresses {
  readonly length: number
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array, at: number, count: number) {
    this.length = count
    this.#bytes = copyBytes(bytes, at, count * ADDRESS_BYTES)
  }

  ipAt(index: number): number {
    return readIp(this.#bytes, index * ADDRESS_BYTES)
  }

  portAt(index: number): number {
    return readPort(this.#bytes, index * ADDRESS_BYTES)
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
