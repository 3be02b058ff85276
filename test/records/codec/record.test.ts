import b4a from 'b4a'
import test from 'brittle'
import fc from 'fast-check'
import { createKeyPair, verify } from '../../../lib/primitives/ed25519.js'
import { blake2b } from '../../../lib/primitives/hash.js'
import { ByteReader } from '../../../lib/records/codec/byte-reader.js'
import {
  decodeBits,
  decodeGet,
  decodeGetReply,
  decodeOffer,
  decodePut,
  decodePutReply,
  encodeBits,
  encodeGet,
  encodeGetReply,
  encodeOffered,
  encodePut,
  encodePutReply,
} from '../../../lib/records/codec/messages.js'
import {
  decodeRecord,
  encodeProof,
  encodeRecord,
  readRecord,
  recordOfProof,
  recordPlace,
  recordSignable,
  recordTarget,
  type SignedRecord,
} from '../../../lib/records/codec/record.js'
import { signRecord } from '../../../lib/records/client/key-pair.js'
import { holds } from '../../helpers/properties.js'

const bytesOf = (size: number) => fc.uint8Array({ minLength: size, maxLength: size })
const records: fc.Arbitrary<SignedRecord> = fc
  .record({
    publicKey: bytesOf(32),
    salt: fc.uint8Array({ maxLength: 64 }),
    channel: fc.constantFrom('', 'chat', 'ä'.repeat(16)),
    place: fc.oneof(
      fc.record({ topic: fc.option(bytesOf(32)), part: fc.constant(null) }),
      fc.record({ topic: fc.constant(null), part: fc.uint8Array({ minLength: 1, maxLength: 32 }) }),
    ),
    large: fc.boolean(),
    seq: fc.maxSafeNat(),
    round: fc.nat(300),
    signedAtMs: fc.nat(2 ** 31),
    ttlMs: fc.nat(2 ** 31),
    schema: fc.constantFrom('', 'text/plain'),
    value: fc.uint8Array({ maxLength: 300 }),
    signature: bytesOf(64),
  })
  .map(({ place, ...record }) => ({ ...record, ...place, tombstone: false, valueHash: blake2b(record.value) }))

test('record codec: what is encoded reads back, with and without its value', (t) => {
  holds(
    t,
    fc.property(records, (record) => {
      same(decodeRecord(encodeRecord(record)), record)
      same(decodeRecord(encodeRecord({ ...record, value: null })), { ...record, value: null })
      same(recordOfProof(encodeProof(record), record.signature, record.value), record)
      const place = { channel: record.channel, target: record.topic ?? new Uint8Array(32) }
      same(readRecord(new ByteReader(encodeRecord(record, true)), place), record)
      const longer = b4a.concat([encodeRecord(record), Uint8Array.of(0)])
      if (decodeRecord(longer) !== null) throw new Error('a byte too many')
    }),
  )
})

test('record codec: the signature holds for both forms, and for nothing else', async (t) => {
  const keyPair = await createKeyPair(new Uint8Array(32).fill(1))
  const head = { salt: b4a.from('salt'), channel: '', topic: null, part: null, large: false }
  const said = { ...head, seq: 3, round: 0, schema: '', tombstone: false }
  const record = await signRecord(keyPair, { ...said, signedAtMs: 1_700_000_000_000, ttlMs: 60_000 }, b4a.from('value'))
  const { signature, publicKey } = record
  const isGenuine = (some: SignedRecord): Promise<boolean> =>
    verify({ message: recordSignable(some), signature, publicKey })
  t.ok(await isGenuine(record))
  t.ok(await isGenuine(decodeRecord(encodeRecord({ ...record, value: null }))!))
  const changes: Partial<SignedRecord>[] = [
    { seq: 4 },
    { round: 1 },
    { ttlMs: 60_001 },
    { signedAtMs: 1_700_000_000_001 },
    { salt: b4a.from('malt') },
    { channel: 'x' },
    { topic: new Uint8Array(32) },
    { part: Uint8Array.of(1) },
    { large: true },
    { schema: 'x' },
    { tombstone: true },
    { valueHash: blake2b(b4a.from('other')) },
  ]
  for (const change of changes) t.absent(await isGenuine({ ...record, ...change }), Object.keys(change).join())
})

test('record codec: the bytes of a record, and its key', async (t) => {
  const keyPair = await createKeyPair(new Uint8Array(32).fill(1))
  const head = { salt: Uint8Array.of(9), channel: 'c', topic: null, part: null, large: false }
  const said = { ...head, seq: 300, round: 0, schema: 's', tombstone: false }
  const record = await signRecord(keyPair, { ...said, signedAtMs: 1000, ttlMs: 7 }, b4a.from('hi'))
  const hex = (bytes: Uint8Array): string => b4a.toString(bytes, 'hex')
  const expected = `019c${hex(keyPair.publicKey)}fd2c01fde80307016301090173026869${hex(record.signature)}`
  t.is(hex(encodeRecord(record)), expected)
  const part = await signRecord(keyPair, { ...said, part: b4a.from('p'), signedAtMs: 1000, ttlMs: 7 }, b4a.from('hi'))
  const more = `01dc01${hex(keyPair.publicKey)}fd2c01fde803070170016301090173026869${hex(part.signature)}`
  t.is(hex(encodeRecord(part)), more)
  t.alike(recordPlace(part), { target: recordTarget(keyPair.publicKey, head.salt, 'c'), subkey: b4a.from('p') })
  t.is(recordTarget(keyPair.publicKey, head.salt, 'c').length, 32)
  t.unlike(recordTarget(keyPair.publicKey, head.salt, 'c'), recordTarget(keyPair.publicKey, b4a.from('c\x09'), ''))
})

test('messages: what is encoded reads back', (t) => {
  const known = { seq: 5, round: 1, signedAtMs: 1234 }
  for (const request of [
    { channel: '', subkey: new Uint8Array(0), headOnly: true, known: null, brief: false },
    { channel: 'chat', subkey: new Uint8Array(40).fill(1), headOnly: false, known, brief: true },
  ]) {
    same(decodeGet(encodeGet(request)), request)
  }
  for (const seq of [null, 0, 7]) {
    const put = { kind: 'record' as const, expected: { seq }, kept: null, body: Uint8Array.of(1, 2) }
    same(decodePut(encodePut(put)), put)
  }
  const kept = { channel: 'x', expiresAtMs: 1_700_000_000_000, heldUntilMs: 1_700_000_000_001 }
  const handover = { kind: 'chunk' as const, expected: null, kept, body: Uint8Array.of(3) }
  same(decodePut(encodePut(handover)), handover)
  for (const status of ['none', 'same'] as const) same(decodeGetReply(encodeGetReply({ status })), { status })
  same(decodePutReply(encodePutReply({ refusal: null, current: null })), { refusal: null, current: null })
  const refusal = { reason: 'VALUE_TOO_LARGE' as const, limit: 10, size: 11 }
  same(decodePutReply(encodePutReply({ refusal, current: null })), { refusal, current: null })
  const offered = {
    kind: 'record' as const,
    channel: '',
    target: new Uint8Array(32),
    subkey: Uint8Array.of(1),
    ...known,
  }
  same(decodeOffer(b4a.concat([encodeOffered(offered), encodeOffered(offered)])), [offered, offered])
  const bits = [true, false, true, true, false, false, false, true, true]
  t.alike(decodeBits(encodeBits(bits), bits.length), bits)
})

test('messages: the decoders survive any bytes', (t) => {
  holds(
    t,
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      for (const decode of [decodeRecord, decodeGet, decodeGetReply, decodePut, decodePutReply, decodeOffer]) {
        decode(bytes)
      }
    }),
  )
})

function same(a: unknown, b: unknown): void {
  const text = (value: unknown): string =>
    JSON.stringify(value, (_, each: unknown) => (each instanceof Uint8Array ? b4a.toString(each, 'hex') : each), 1)
  const [one, two] = [text(sorted(a)), text(sorted(b))]
  if (one !== two) throw new Error(`${one}\nis not\n${two}`)
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  if (Array.isArray(value)) return value.map(sorted)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  // A Buffer would turn itself into an object.
  return Object.fromEntries(
    entries.map(([key, each]) => [key, each instanceof Uint8Array ? b4a.toString(each, 'hex') : sorted(each)]),
  )
}
