/** The tutorial page: the keyspace as a circle, who is drawn where, and which lines there are. */
import test from 'brittle'
import fc from 'fast-check'
import { createHash } from 'node:crypto'
import {
  bucketRange,
  compareDistance,
  describeDistance,
  distance,
  positionOf,
  sharedBits,
} from '../../tutorial/page/model/keyspace.js'
import type { LookupNodeView, LookupView } from '../../tutorial/page/model/frame.js'
import { contactEdges, lookupEdges } from '../../tutorial/page/scene/edges.js'
import { Motion } from '../../tutorial/page/scene/motion.js'
import { placeNodes, pointAt, ringGeometry } from '../../tutorial/page/scene/ring-layout.js'
import { holds } from '../helpers/properties.js'

const id = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex'))
const hash = (text: string) => createHash('sha256').update(text).digest('hex')
const ID = 'f0'.padEnd(64, '0')

test('page: distance is the XOR of the ids, shared bits are its leading zeros', (t) => {
  holds(
    t,
    fc.property(id, id, (a, b) => {
      const gap = distance(a, b)
      const bits = sharedBits(a, b)
      return gap === (gap ^ 0n) && bits === (gap === 0n ? 256 : 256 - gap.toString(2).length)
    }),
  )
  t.is(sharedBits(ID, ID), 256)
  t.is(describeDistance(ID, ID), 'no distance: it is the same id')
  t.is(describeDistance(ID, 'e0'.padEnd(64, '0')), '3 bits shared, distance 10000000…')
})

test('page: ids are ordered by their distance to a target', (t) => {
  holds(
    t,
    fc.property(id, id, id, (target, a, b) => {
      const order = distance(target, a) - distance(target, b)
      return Math.sign(compareDistance(target, a, b)) === (order === 0n ? 0 : order < 0n ? -1 : 1)
    }),
  )
})

test('page: a bucket is the part of the circle whose ids share so many bits', (t) => {
  holds(
    t,
    fc.property(id, id, (own, other) => {
      const bits = sharedBits(own, other)
      if (bits > 40) return true
      const { from, to } = bucketRange(own, bits)
      const position = positionOf(other)
      return position >= from && position < to
    }),
  )
  t.alike(bucketRange(ID, 0), { from: 0, to: 0.5 })
  t.alike(bucketRange(ID, 1), { from: 0.5, to: 0.75 })
})

test('page: a thousand nodes are placed so that hardly any cover each other', (t) => {
  const nodes = Array.from({ length: 1000 }, (_, key) => ({ key, id: hash(`node ${key}`) }))
  const geometry = ringGeometry(700, 600, nodes.length)
  const placed = placeNodes(nodes, geometry)
  t.is(placed.size, 1000)
  const points = nodes.map(({ key }) => {
    const { position, lane } = placed.get(key)!
    return pointAt(geometry, position, lane * geometry.laneWidth)
  })
  let covered = 0
  for (const [i, a] of points.entries()) {
    if (points.slice(i + 1).some((b) => Math.hypot(a.x - b.x, a.y - b.y) < 1.5 * geometry.dot)) covered++
  }
  t.ok(covered < 20, `${covered} of 1000 are covered by another one`)
  for (const { x, y } of points) if (x < 0 || y < 0 || x > 700 || y > 600) t.fail(`${x} ${y} is outside`)
})

test('page: nodes glide to where they belong, and are there in the end', (t) => {
  const motion = new Motion()
  motion.step(new Map([[1, { x: 0, y: 0 }]]), 16)
  t.alike(motion.at(1), { x: 0, y: 0 }, 'new ones are there at once')
  const goals = new Map([[1, { x: 100, y: 0 }]])
  motion.step(goals, 16)
  t.ok(motion.moving && motion.at(1)!.x > 0 && motion.at(1)!.x < 100, 'on its way')
  for (let i = 0; i < 100; i++) motion.step(goals, 16)
  t.alike([motion.moving, motion.at(1)], [false, { x: 100, y: 0 }])
  motion.step(new Map([[1, { x: 0, y: 0 }]]), Infinity)
  t.alike(motion.at(1), { x: 0, y: 0 }, 'at once for those who want no motion')
  motion.step(new Map(), 16)
  t.absent(motion.at(1), 'forgotten')
})

function node(text: string, changes: Partial<LookupNodeView>): LookupNodeView {
  const plain = { host: '1.2.3.4', port: 1, sharedBits: 0, hop: 0, rttMs: null, token: null, hasValue: false } as const
  return { ...plain, id: text, status: 'known', by: null, commit: null, ...changes }
}

test('page: a lookup is drawn as who asks whom, and who named whom', (t) => {
  const view: Partial<LookupView> = {
    asker: 'me',
    closest: [node('a', { status: 'answered', commit: 'accepted' }), node('b', { status: 'answered', by: 'a' })],
    waiting: [node('c', { status: 'asked', by: 'a' }), node('d', { status: 'presumed-dead' })],
    rest: [node('e', { status: 'failed' })],
    frontier: [node('f', { by: 'b' })],
  }
  const lines = lookupEdges(view as LookupView).map(({ kind, from, to }) => `${kind} ${from} ${to}`)
  t.alike(lines.sort(), [
    'answered me b',
    'asked me c',
    'committed me a',
    'failed me e',
    'named a b',
    'named a c',
    'named b f',
    'slow me d',
  ])
})

test('page: the contacts of a node are lines from it, with their bucket', (t) => {
  const contact = { id: 'b', host: '', port: 1, rttMs: null }
  const buckets = [{ bits: 3, contacts: [contact] }]
  t.alike(contactEdges('a', { buckets } as unknown as Parameters<typeof contactEdges>[1]), [
    { kind: 'contact', from: 'a', to: 'b', bits: 3 },
  ])
})
