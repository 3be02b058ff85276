import test from 'brittle'
import fc from 'fast-check'
import {
  DatagramBatch,
  DatagramReader,
  FRAME_HEADER_BYTES,
  MAX_FRAME_BYTES,
  RECORD_HEADER_BYTES,
} from '../../../lib/transport/tunnel/datagram-frame.js'
import { holds } from '../../helpers/properties.js'

interface Sent {
  socket: number
  ttl: number
  ip: number
  port: number
  datagram: Uint8Array
}

const sent = fc.record<Sent>({
  socket: fc.nat(255),
  ttl: fc.nat(255),
  ip: fc.nat(0xffffffff),
  port: fc.nat(65_535),
  datagram: fc.uint8Array({ maxLength: 300 }),
})

function frameOf(all: readonly Sent[], consumed = 0): Uint8Array {
  const batch = new DatagramBatch()
  for (const { socket, ttl, ip, port, datagram } of all) batch.add(socket, ip, port, datagram, ttl)
  return batch.take(consumed)
}

function read(reader: DatagramReader): Sent[] {
  const all: Sent[] = []
  while (reader.next()) {
    const { socket, ttl, ip, port, datagram } = reader
    all.push({ socket, ttl, ip, port, datagram: Uint8Array.from(datagram) })
  }
  return all
}

test('datagram-frame: what was put in comes out', (t) => {
  holds(
    t,
    fc.property(fc.array(sent, { maxLength: 40 }), fc.nat(0xffffffff), (all, consumed) => {
      const frame = frameOf(all, consumed)
      const reader = DatagramReader.open(frame)!
      if (reader.consumed !== consumed || reader.recordBytes !== frame.length - FRAME_HEADER_BYTES) return false
      return JSON.stringify(read(reader)) === JSON.stringify(all)
    }),
  )
})

test('datagram-frame: a batch begins anew after its frame, and the frame stays as it is', (t) => {
  const batch = new DatagramBatch()
  batch.add(1, 0x7f000001, 2000, Uint8Array.of(3, 1))
  t.is(batch.recordBytes, RECORD_HEADER_BYTES + 2)
  const first = batch.take(7)
  const copy = Uint8Array.from(first)
  t.ok(batch.isEmpty)
  for (let i = 0; i < 500; i++) batch.add(2, i, i, Uint8Array.of(i & 255, 9, 9, 9))
  batch.take(8)
  t.alike(Uint8Array.from(first), copy)
})

test('datagram-frame: a batch is full before a frame is too long, and never while it is empty', (t) => {
  const batch = new DatagramBatch()
  const datagram = new Uint8Array(2048)
  t.absent(batch.isFull(MAX_FRAME_BYTES * 2))
  while (!batch.isFull(datagram.length)) batch.add(0, 1, 1, datagram)
  t.ok(batch.take(0).length <= MAX_FRAME_BYTES)
})

test('datagram-frame: whatever arrives is read as a whole or refused, and never throws', (t) => {
  holds(
    t,
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, typed) => {
      if (typed && bytes.length > 0) bytes[0] = 4
      const reader = DatagramReader.open(bytes)
      if (reader === null) return true
      const all = read(reader)
      const size = all.reduce((sum, { datagram }) => sum + RECORD_HEADER_BYTES + datagram.length, FRAME_HEADER_BYTES)
      return size === bytes.length
    }),
  )
})

test('datagram-frame: a frame that was cut, or has a byte more, is refused', (t) => {
  holds(
    t,
    fc.property(fc.array(sent, { minLength: 1, maxLength: 5 }), fc.nat(), (all, at) => {
      const frame = frameOf(all)
      const ends = new Set<number>()
      let end = FRAME_HEADER_BYTES
      ends.add(end)
      for (const { datagram } of all) ends.add((end += RECORD_HEADER_BYTES + datagram.length))
      const cut = at % frame.length
      if ((DatagramReader.open(frame.subarray(0, cut)) !== null) !== ends.has(cut)) return false
      return DatagramReader.open(Uint8Array.of(...frame, 0)) === null
    }),
  )
})
