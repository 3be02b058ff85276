/**
 * Datagrams to throw at a node: random bytes, mutations of real ones, and messages made by the grammar whose lengths,
 * counts, flags and addresses lie. All from one seed.
 */
import b4a from 'b4a'
import { parseIPv4 } from '../../lib/primitives/address.js'
import { idFromIp } from '../../lib/primitives/id.js'
import type { SeededRandom } from '../../lib/simulation/seeded-random.js'
import { COMMAND } from '../../lib/wire/commands.js'
import { encodeRequest } from '../../lib/wire/request.js'
import { type CloserNode, encodeResponse } from '../../lib/wire/response.js'
import { mutate } from './mutations.js'

/** A request of the node under attack that may be waiting for its answer. */
export interface Waiting {
  tid: number
  host: string
  port: number
}

export interface Shot {
  bytes: Uint8Array
  host: string
  port: number
}

/** How the bytes of a shot came about. */
export const KINDS = ['random', 'mutated', 'grammar'] as const
export type Kind = (typeof KINDS)[number]

/** Longest datagram: what an Ethernet frame takes, and a few that are longer than any message may be. */
const MAX_BYTES = 1500

/** Numbers that lengths and counts lie with, as compact-encoding writes them. */
const LYING_LENGTHS = ['00', '01', '1f', '20', '21', 'fc', 'fdffff', 'fe40420f00', 'feffffffff', 'ffffffffffffffffff']
const LIES = LYING_LENGTHS.map((hex) => b4a.from(hex, 'hex'))

/** Makes shots, as many as wanted. */
export class DatagramSource {
  readonly #random: SeededRandom
  readonly #corpus: readonly Uint8Array[]
  /** The valid id of the sender of the next shot. */
  #id = b4a.alloc(32)

  /** @param corpus real datagrams, to mutate; at least one */
  constructor(random: SeededRandom, corpus: readonly Uint8Array[]) {
    this.#random = random
    this.#corpus = corpus
  }

  /** One shot at a node at this address. */
  next(kind: Kind, to: { ip: number; port: number }, waiting: readonly Waiting[]): Shot {
    const random = this.#random
    // Half of the answers come from who was asked, with the right id: only those are read to the end.
    const asked = waiting.length > 0 && random.below(2) === 0 ? random.pick(waiting) : null
    const from = asked !== null && random.below(16) > 0 ? asked : this.#stranger()
    this.#id = idFromIp(parseIPv4(from.host), from.port)
    const bytes = this.#bytesOf(kind, to, asked === null ? random.below(65_536) : asked.tid)
    return { bytes, host: from.host, port: from.port }
  }

  #bytesOf(kind: Kind, to: { ip: number; port: number }, tid: number): Uint8Array {
    if (kind === 'random') return this.#randomBytes(tid)
    if (kind === 'mutated') return this.#mutated(this.#withTid(b4a.from(this.#random.pick(this.#corpus)), tid))
    const message = this.#random.below(2) === 0 ? this.#request(to, tid) : this.#response(to, tid)
    return this.#random.below(3) === 0 ? this.#mutated(message) : message
  }

  /** Often with the first bytes of a message, or nearly all would end at the first look. */
  #randomBytes(tid: number): Uint8Array {
    const random = this.#random
    const bytes = random.bytes(random.below(random.below(8) === 0 ? MAX_BYTES : 120))
    if (bytes.length < 2 || random.below(3) === 0) return bytes
    bytes[0] = random.below(2) === 0 ? 3 : 0x13
    bytes[1]! &= 0x1f
    return this.#withTid(bytes, tid)
  }

  #withTid(bytes: Uint8Array, tid: number): Uint8Array {
    if (bytes.length > 3 && this.#random.below(2) === 0) bytes.set([tid & 255, tid >> 8], 2)
    return bytes
  }

  #mutated(bytes: Uint8Array): Uint8Array {
    return mutate(bytes, { random: this.#random, corpus: this.#corpus, lies: LIES, mostBytes: MAX_BYTES })
  }

  #request(to: { ip: number; port: number }, tid: number): Uint8Array {
    const random = this.#random
    const internal = random.below(4) > 0
    return encodeRequest({
      tid,
      ...this.#aim(to),
      id: this.#random.below(2) === 0 ? this.#id : this.#maybe(32),
      token: this.#maybe(32),
      internal,
      command: random.below(internal ? 8 : 300),
      target: this.#maybe(32),
      value: this.#value(random.below(8) === 0 ? COMMAND.DELAYED_PING : 0),
    })
  }

  #response(to: { ip: number; port: number }, tid: number): Uint8Array {
    const random = this.#random
    const closer = Array.from({ length: random.below(random.below(4) === 0 ? 180 : 21) }, () => this.#name())
    const errors = [0, 0, 0, 1, 2, 255, 2 ** 32]
    return encodeResponse({
      tid,
      ...this.#aim(to),
      id: this.#random.below(2) === 0 ? this.#id : this.#maybe(32),
      token: this.#maybe(32),
      closer,
      error: random.pick(errors),
      value: this.#value(0),
    })
  }

  /** Mostly where the node is. */
  #aim(to: { ip: number; port: number }): { ip: number; port: number } {
    return this.#random.below(4) > 0 ? to : { ip: this.#random.u32(), port: this.#random.below(65_536) }
  }

  #maybe(sizeBytes: number): Uint8Array | null {
    return this.#random.below(2) === 0 ? null : this.#random.bytes(sizeBytes)
  }

  #value(least: number): Uint8Array | null {
    const random = this.#random
    return random.below(3) === 0 ? null : random.bytes(least + random.below(random.below(16) === 0 ? 1000 : 12))
  }

  #name(): CloserNode {
    const random = this.#random
    return { ip: random.u32(), port: random.below(65_536) }
  }

  /** One of many hosts, or one that asks more than it may. */
  #stranger(): { host: string; port: number } {
    const random = this.#random
    if (random.below(2) === 0) return { host: '28.7.7.7', port: 1 + random.below(65_535) }
    const [a, b] = [20 + random.below(8), random.below(256)]
    return { host: `${a}.7.${b}.${1 + random.below(20)}`, port: 1 + random.below(4) * 1000 }
  }
}
