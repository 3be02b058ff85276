/** The tree of a segment, collecting one, and the messages about it. */
import b4a from 'b4a'
import test from 'brittle'
import fc from 'fast-check'
import {
  CHUNK_BYTES,
  chunkCount,
  chunkOf,
  encodeGroupProof,
  groupCount,
  MAX_PROOF_BYTES,
  SEGMENT_BYTES,
  segmentAddress,
  treeOf,
  verifyGroupProof,
} from '../../../lib/records/codec/chunk-tree.js'
import {
  decodeFind,
  decodeFindReply,
  decodePartPut,
  decodePartPutReply,
  decodePartRequest,
  encodeFind,
  encodeFindReply,
  encodePartPut,
  encodePartPutReply,
  encodePartRequest,
  type PartPut,
} from '../../../lib/records/codec/chunk-messages.js'
import { decodeTop, encodeTop } from '../../../lib/records/codec/large-top.js'
import { SegmentBuffer } from '../../../lib/records/codec/segment-buffer.js'
import { REFUSALS, type RefusalReason } from '../../../lib/records/rules/refusal.js'
import { holds } from '../../helpers/properties.js'

/** Bytes that differ from place to place. */
function pattern(sizeBytes: number): Uint8Array {
  const bytes = b4a.alloc(sizeBytes)
  for (let i = 0; i < sizeBytes; i++) bytes[i] = (i * 31 + (i >> 8) * 7) & 255
  return bytes
}

const EDGES = [1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 32 * CHUNK_BYTES, 32 * CHUNK_BYTES + 1, SEGMENT_BYTES]
const sizes = fc.oneof(fc.constantFrom(...EDGES), fc.integer({ min: 1, max: 70_000 }))

test('chunk tree: addresses are what they were', (t) => {
  const address = (size: number) => b4a.toString(segmentAddress(pattern(size)), 'hex')
  t.is(address(1), 'bb9f05ed21453d7d64da15c2cae34309a3267f100fa6a13fd30bcbff63fd1a0e')
  t.is(address(1025), '74fb0a9759bf7361da522659a86fae8513f619e0afff1edf67d3465244ad14bf')
  t.is(address(SEGMENT_BYTES), '2f9c066410f5e31947372c29e8a5c3f29915bc00424031620362aa9f051f436e')
})

test('chunk tree: proofs and chunks of a segment fit it, in any order', (t) => {
  holds(
    t,
    fc.property(sizes, fc.infiniteStream(fc.nat()), (size, choices) => {
      const segment = pattern(size)
      const tree = treeOf(segment)
      const buffer = new SegmentBuffer(tree.address, size)
      const parts = [
        ...Array.from({ length: groupCount(size) }, (_, i) => ({ proof: true, i })),
        ...Array.from({ length: chunkCount(size) }, (_, i) => ({ proof: false, i })),
      ]
      while (parts.length > 0) {
        const [part] = parts.splice(choices.next().value % parts.length, 1)
        const { proof, i } = part!
        if (proof) {
          const bytes = encodeGroupProof(tree, i)
          expect(bytes.length <= MAX_PROOF_BYTES && buffer.addProof(i, bytes), 'a proof')
          continue
        }
        const verdict = buffer.addChunk(i, chunkOf(segment, i))
        if (verdict === 'unproved') parts.push(part!)
        else expect(verdict === 'taken' && buffer.addChunk(i, chunkOf(segment, i)) === 'known', 'a chunk')
      }
      expect(buffer.isWhole && b4a.equals(buffer.bytes, segment), 'the segment')
    }),
    { numRuns: 30 },
  )
})

test('chunk tree: nothing that was changed passes for a part of a segment', (t) => {
  holds(
    t,
    fc.property(sizes, fc.nat(), fc.nat(), (size, choice, bit) => {
      const segment = pattern(size)
      const tree = treeOf(segment)
      const group = choice % groupCount(size)
      const proof = encodeGroupProof(tree, group)
      expect(verifyGroupProof(tree, group, proof) !== null, 'the proof itself')
      expect(verifyGroupProof(tree, group, flip(proof, bit)) === null, 'a proof with another bit')
      expect(verifyGroupProof(tree, group, proof.subarray(0, -1)) === null, 'a shorter proof')
      expect(verifyGroupProof(tree, group, b4a.concat([proof, Uint8Array.of(0)])) === null, 'a longer proof')
      expect(verifyGroupProof({ ...tree, sizeBytes: size + 1 }, group, proof) === null, 'another size')
      expect(verifyGroupProof({ ...tree, address: flip(tree.address, bit) }, group, proof) === null, 'another address')
      const buffer = new SegmentBuffer(tree.address, size)
      for (let i = 0; i < groupCount(size); i++) buffer.addProof(i, encodeGroupProof(tree, i))
      const index = choice % chunkCount(size)
      const chunk = chunkOf(segment, index)
      expect(buffer.addChunk(index, flip(chunk, bit)) === 'forged', 'a chunk with another bit')
      expect(buffer.addChunk(index, chunk.subarray(1)) === 'forged', 'a shorter chunk')
      expect(buffer.addChunk(index, b4a.concat([chunk, chunk.subarray(0, 1)])) === 'forged', 'a longer chunk')
      expect(buffer.addChunk(chunkCount(size), chunk) === 'forged', 'a chunk behind the end')
      expect(buffer.taken === 0, 'nothing was taken')
      expect(!b4a.equals(segmentAddress(flip(segment, bit)), tree.address), 'the segment with another bit')
    }),
    { numRuns: 30 },
  )
})

test('chunk tree: no level passes for another', (t) => {
  // A segment of one chunk that is the hashes of another's group, and the like: all three levels have keys of their own.
  const tree = treeOf(pattern(2 * CHUNK_BYTES))
  const hashes = tree.chunkHashes[0]!
  t.absent(b4a.equals(treeOf(hashes).address, tree.address))
  t.absent(b4a.equals(treeOf(tree.groupHashes).address, tree.address))
  t.absent(b4a.equals(treeOf(hashes).groupHashes, tree.groupHashes))
  t.absent(b4a.equals(treeOf(tree.groupHashes).chunkHashes[0]!, tree.groupHashes))
})

const channels = fc.constantFrom('', 'large', 'ä'.repeat(16))
const puts: fc.Arbitrary<PartPut> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('chunk' as const, 'proof' as const),
    channel: channels,
    expiresAtMs: fc.nat(2 ** 31),
    sizeBytes: fc.integer({ min: 1, max: SEGMENT_BYTES }),
    index: fc.nat(127),
    bytes: fc.uint8Array({ maxLength: 1152 }),
  }),
  fc.record({ kind: fc.constant('renewal' as const), channel: channels, expiresAtMs: fc.nat(2 ** 31) }),
)

test('chunk messages: what is encoded reads back', (t) => {
  holds(
    t,
    fc.property(puts, fc.integer({ min: 1, max: SEGMENT_BYTES }), (put, sizeBytes) => {
      same(decodePartPut(encodePartPut(put)), put)
      same(decodeFind(encodeFind(put.channel)), put.channel)
      const asked = { channel: put.channel, kind: 'proof', index: sizeBytes } as const
      same(decodePartRequest(encodePartRequest(asked)), asked)
      const whole = { status: 'whole', sizeBytes, expiresAtMs: put.expiresAtMs } as const
      same(decodeFindReply(encodeFindReply(whole)), whole)
      const groups = Array.from({ length: groupCount(sizeBytes) }, (_, i) => i % 2 === 0)
      const chunks = Array.from({ length: chunkCount(sizeBytes) }, (_, i) => i % 3 === 0)
      const partial = { status: 'partial', sizeBytes, groups, chunks } as const
      same(decodeFindReply(encodeFindReply(partial)), partial)
    }),
  )
  same(decodeFindReply(encodeFindReply({ status: 'none' })), { status: 'none' })
  for (const status of ['taken', 'kept', 'unproved'] as const) {
    same(decodePartPutReply(encodePartPutReply({ status })), { status })
  }
  for (const reason of Object.keys(REFUSALS) as RefusalReason[]) {
    const reply = { status: 'refused', refusal: { reason, limit: 5, size: 7 } } as const
    same(decodePartPutReply(encodePartPutReply(reply)), reply)
  }
})

test('chunk messages: decoders survive any bytes', (t) => {
  holds(
    t,
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      for (const decode of [
        decodeFind,
        decodeFindReply,
        decodePartRequest,
        decodePartPut,
        decodePartPutReply,
        decodeTop,
      ]) {
        decode(bytes)
      }
    }),
  )
})

test('large top: reads back, and nothing else does', (t) => {
  const value = pattern(1000)
  same(decodeTop(encodeTop({ kind: 'value', value })), { kind: 'value', value })
  const addresses = [pattern(32), pattern(33).subarray(1), pattern(34).subarray(2)]
  const index = { kind: 'index', sizeBytes: 2 * SEGMENT_BYTES + 1, addresses } as const
  same(decodeTop(encodeTop(index)), index)
  t.is(decodeTop(encodeTop({ ...index, sizeBytes: 2 * SEGMENT_BYTES })), null, 'an address too many')
  t.is(decodeTop(encodeTop({ ...index, sizeBytes: 3 * SEGMENT_BYTES + 1 })), null, 'one too few')
  t.is(decodeTop(encodeTop({ kind: 'index', sizeBytes: 5, addresses: [pattern(32)] })), null, 'too short for an index')
  t.is(decodeTop(new Uint8Array(0)), null)
  t.is(decodeTop(Uint8Array.of(3, 1)), null)
})

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const out = Uint8Array.from(bytes)
  const at = bit % (8 * out.length)
  out[at >> 3]! ^= 1 << (at & 7)
  return out
}

function expect(ok: boolean, what: string): void {
  if (!ok) throw new Error(what)
}

/** Equal, whatever kind of Uint8Array the bytes are in. */
function same(actual: unknown, expected: unknown): void {
  if (textOf(actual) !== textOf(expected)) throw new Error(`${textOf(actual)} instead of ${textOf(expected)}`)
}

function textOf(value: unknown): string {
  if (value instanceof Uint8Array) return b4a.toString(value, 'hex')
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([name, item]) => `${name}: ${textOf(item)}`).join(', ')}}`
}
