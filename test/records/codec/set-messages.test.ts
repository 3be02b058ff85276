import b4a from 'b4a'
import test from 'brittle'
import fc from 'fast-check'
import { blake2b } from '../../../lib/primitives/hash.js'
import type { SignedRecord } from '../../../lib/records/codec/record.js'
import {
  decodeList,
  decodeListReply,
  decodeSummary,
  decodeSummaryReply,
  encodeList,
  encodeListReply,
  encodeSummary,
  encodeSummaryReply,
} from '../../../lib/records/codec/set-messages.js'
import { CHILDREN, type TreeNode } from '../../../lib/records/rules/member-tree.js'
import { holds } from '../../helpers/properties.js'

const target = new Uint8Array(32).fill(7)
const place = { channel: 'chat', target }

function recordOf(number: number, value: Uint8Array | null): SignedRecord {
  return {
    publicKey: new Uint8Array(32).fill(number),
    salt: new Uint8Array(number % 3),
    channel: 'chat',
    topic: target,
    part: null,
    seq: number,
    round: 0,
    signedAtMs: 1000 + number,
    ttlMs: 60_000,
    schema: '',
    tombstone: value === null,
    large: false,
    valueHash: blake2b(value ?? new Uint8Array(0)).slice(),
    value,
    signature: new Uint8Array(64).fill(number),
  }
}

test('set messages: what is encoded reads back', (t) => {
  const prefix = { bits: 30, value: 2 ** 30 - 1 }
  for (const request of [
    { channel: '', prefix: { bits: 0, value: 0 }, after: null, sinceMs: 0, brief: false },
    { channel: 'chat', prefix, after: new Uint8Array(96).fill(3), sinceMs: 1_700_000_000_000, brief: true },
  ]) {
    t.alike(inHex(decodeList(encodeList(request))), inHex(request))
  }
  for (const request of [
    { channel: '', prefix: { bits: 0, value: 0 }, known: null, brief: false },
    { channel: 'chat', prefix: { bits: 25, value: 9 }, known: new Uint8Array(16).fill(4), brief: true },
  ]) {
    t.alike(inHex(decodeSummary(encodeSummary(request))), inHex(request))
  }
  const records = [recordOf(1, b4a.from('one')), recordOf(2, null), recordOf(3, new Uint8Array(0))]
  for (const more of [false, true]) {
    const read = decodeListReply(encodeListReply({ records, more }), place)!
    t.is(read.more, more)
    t.alike(read.records.map(plain), records.map(plain))
  }
  const whole = decodeSummaryReply(encodeSummaryReply({ status: 'whole', records }), place)!
  t.alike(whole.status === 'whole' && whole.records.map(plain), records.map(plain))
  const children: TreeNode[] = Array.from({ length: CHILDREN }, (_, i) =>
    i % 3 === 0 ? { count: 0, digest: null } : { count: i * 100, digest: new Uint8Array(16).fill(i) },
  )
  const parts = { status: 'parts' as const, bytes: 123_456, children }
  t.alike(inHex(decodeSummaryReply(encodeSummaryReply(parts), place)), inHex(parts))
  t.alike(decodeSummaryReply(encodeSummaryReply({ status: 'same' }), place), { status: 'same' })
})

test('set messages: topic and channel are those asked for, whatever the sender has', (t) => {
  const bytes = encodeListReply({ records: [recordOf(1, b4a.from('one'))], more: false })
  const other = { channel: 'other', target: new Uint8Array(32).fill(8) }
  const [record] = decodeListReply(bytes, other)!.records
  t.alike([record!.channel, record!.topic], ['other', other.target], 'so its signature does not hold')
})

test('set messages: the decoders survive any bytes', (t) => {
  holds(
    t,
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      decodeList(bytes)
      decodeSummary(bytes)
      decodeListReply(bytes, place)
      decodeSummaryReply(bytes, place)
    }),
  )
  t.is(decodeList(Uint8Array.of(0, 0, 31, 0)), null, 'more bits than there are')
  t.is(decodeList(Uint8Array.of(0, 0, 3, 8)), null, 'a part that is none')
  t.is(decodeSummary(Uint8Array.of(0, 0, 30, 0)), null, 'finer than the tree')
})

/** Whatever kind of bytes it has. */
function inHex(value: unknown): unknown {
  if (value instanceof Uint8Array) return b4a.toString(value, 'hex')
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(inHex)
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, inHex(each)]))
}

function plain({ publicKey, salt, value, signature, valueHash, topic, ...rest }: SignedRecord): object {
  const hex = (bytes: Uint8Array | null): string | null => bytes && b4a.toString(bytes, 'hex')
  return { ...rest, bytes: [publicKey, salt, value, signature, valueHash, topic].map(hex) }
}
