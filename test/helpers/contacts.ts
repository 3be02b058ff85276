/** Contacts and ids for tests: seeded, with ids as near to one another as the test wants them. */
import * as fc from 'fast-check'
import { ID_BITS, ID_BYTES } from '../../lib/primitives/id.js'
import type { Random } from '../../lib/primitives/random.js'
import type { Contact } from '../../lib/routing/contact.js'
import { createContact } from '../../lib/routing/contact.js'
import { SeededRandom } from '../../lib/simulation/index.js'

/** First address handed out: 20.0.0.0, public, so that the limits for each host apply. */
const FIRST_IP = 20 * 2 ** 24

/** A contact with this id, on a host of its own, or on the given one. */
export function contactOf(id: Uint8Array, serial: number, ip: number = FIRST_IP + 256 * serial, now = 0): Contact {
  return createContact({ id, port: 1024 + (serial % 60000), ip, now })
}

export function fromHex(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'))
}

export function toHex(id: Uint8Array): string {
  return Buffer.from(id).toString('hex')
}

/** `base` with bit `index` flipped and the bits after it taken from `tail`. Index 256 gives `base` itself. */
export function idLeavingAt(base: Uint8Array, index: number, tail: Uint8Array): Uint8Array {
  const id = new Uint8Array(base)
  for (let i = index; i < ID_BITS; i++) {
    const mask = 128 >> (i & 7)
    const source = i === index ? ~base[i >> 3]! : tail[i >> 3]!
    id[i >> 3] = (id[i >> 3]! & ~mask) | (source & mask)
  }
  return id
}

/** Ids that share a random number of leading bits with `base`: as many deep ones as shallow ones. */
export function idsAround(base: Uint8Array): fc.Arbitrary<Uint8Array> {
  const depth = fc.oneof(fc.integer({ min: 0, max: 8 }), fc.integer({ min: 0, max: ID_BITS - 1 }))
  return fc.tuple(depth, anyId()).map(([index, tail]) => idLeavingAt(base, index, tail))
}

/** Any id; often one with few bits, so that ties in the first bytes are common. */
export function anyId(): fc.Arbitrary<Uint8Array> {
  const sparse = fc.array(fc.integer({ min: 0, max: ID_BITS - 1 }), { maxLength: 3 }).map(withBits)
  return fc.oneof(fc.uint8Array({ minLength: ID_BYTES, maxLength: ID_BYTES }), sparse)
}

function withBits(bits: number[]): Uint8Array {
  const id = new Uint8Array(ID_BYTES)
  for (const i of bits) id[i >> 3] = id[i >> 3]! | (128 >> (i & 7))
  return id
}

/** The product's own source, as an object whose methods can be replaced one by one. */
export function seededRandom(seed: number): Random {
  const random = new SeededRandom(seed)
  return { bytes: (sizeBytes) => random.bytes(sizeBytes), below: (limit) => random.below(limit) }
}
