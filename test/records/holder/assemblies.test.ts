/** Segments that are coming in: what they may take. */
import test from 'brittle'
import { SEGMENT_BYTES } from '../../../lib/records/codec/chunk-tree.js'
import { SegmentBuffer } from '../../../lib/records/codec/segment-buffer.js'
import { Assemblies } from '../../../lib/records/holder/assemblies.js'

const buffer = (): SegmentBuffer => new SegmentBuffer(new Uint8Array(32), SEGMENT_BYTES)

test('assemblies: one host fills half, all together no more than 16 MiB', (t) => {
  const assemblies = new Assemblies()
  const open = (name: string, host: string, now = 0) => assemblies.open(name, host, buffer(), now)
  for (let i = 0; i < 64; i++) t.ok(open(`a${i}`, 'a') !== null)
  t.is(open('a64', 'a'), null)
  for (let i = 0; i < 64; i++) open(`b${i}`, 'b')
  t.is(open('c', 'c'), null)
  t.is(assemblies.bytes, 16 * 1024 * 1024)
  t.is(open('c', 'c', 9_999), null, 'nobody has stood still for long')
  assemblies.touch(assemblies.get('a0', 9_999)!, 5, 9_999)
  t.ok(open('c', 'c', 10_000) !== null)
  t.ok(assemblies.get('a0', 10_000) !== null, 'the one that moved stays')
  t.is(assemblies.get('a1', 10_000), null, 'the one that stood still the longest made room')
  assemblies.remove(assemblies.get('a2', 10_000)!)
  t.is(assemblies.bytes, 127 * SEGMENT_BYTES)
  assemblies.clear()
  t.is(assemblies.bytes, 0)
})

test('assemblies: what nobody goes on with is forgotten after two minutes, but not while it is being stored', (t) => {
  const assemblies = new Assemblies()
  assemblies.open('one', 'a', buffer(), 0)
  const two = assemblies.open('two', 'a', buffer(), 0)!
  two.done = Promise.resolve()
  t.ok(assemblies.get('one', 119_999) !== null)
  t.is(assemblies.get('one', 120_000), null)
  t.is(assemblies.get('two', 120_000), two)
  t.is(assemblies.bytes, SEGMENT_BYTES)
})
