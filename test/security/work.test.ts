/** What strangers can make us do, counted instead of timed: executed blocks of our code, hashes, bytes of the heap. */
import test from 'brittle'
import b4a from 'b4a'
import { parseIPv4 } from '../../lib/primitives/address.js'
import { idFromAddress } from '../../lib/primitives/id.js'
import { decodeRequest } from '../../lib/wire/request.js'
import { encodeResponse } from '../../lib/wire/response.js'
import { rejectionOf } from '../helpers/errors.js'
import {
  createFakes,
  createSimulation,
  FakeNode,
  record,
  requestTo,
  responseTo,
  SECOND,
  startLoner,
  unaccounted,
} from './attacker.js'
import { hashesOf, workOf } from './work.js'

const NOBODY = { host: '50.0.0.1', port: 1000 }

/** 15 bytes: a response whose list of nodes claims to have so many. */
function bomb(tid: number, count: number): Uint8Array {
  const bytes = Uint8Array.of(0x13, 0x04, tid & 255, tid >> 8, 20, 0, 0, 1, 1, 0, 0xfe, 0, 0, 0, 0)
  new DataView(bytes.buffer).setUint32(11, count, true)
  return bytes
}

test('W-S1: a list that claims a million nodes costs no more than one that claims two, asked for or not', async (t) => {
  const sim = createSimulation(t)
  const node = await startLoner(sim)
  const mallory = await FakeNode.create(sim)
  mallory.answer = ({ tid, from }) => {
    mallory.send(bomb(tid, 2 ** 20), from)
    return null
  }
  await t.exception(sim.run(node.ping(mallory)), { code: 'REQUEST_TIMEOUT' })
  const { dropped } = node.stats.datagrams
  t.ok(mallory.asked.length > 1)
  t.is(dropped.malformed, mallory.asked.length, 'asked for: dropped as malformed, each time')

  const sent = record(sim)
  void node.ping(mallory).catch(() => {})
  const tid = decodeRequest(sent[0]!.bytes)!.tid
  const receive = (count: number) => workOf(() => node.onmessage(node.socket!, bomb(tid, count), mallory))
  t.alike(receive(2 ** 20), receive(2), 'the same steps, whatever the number')
  t.alike(receive(2 ** 32 - 1), receive(2))

  const before = process.memoryUsage().heapUsed
  for (let i = 0; i < 1000; i++) node.onmessage(node.socket!, bomb(i, 2 ** 20), mallory)
  const grown = process.memoryUsage().heapUsed - before
  t.ok(grown < 4e6, `a thousand unasked ones: ${grown} bytes of heap, not 8 MB each`)
  t.is(unaccounted(node), 0)
})

test('W-P1: a name costs one hash in a lookup, however often it is named', async (t) => {
  const sim = createSimulation(t)
  const fakes = await createFakes(sim, 20)
  for (const fake of fakes) fake.answer = () => ({ closer: fakes })
  const node = await startLoner(sim)
  const query = node.query({ target: idFromAddress('1.2.3.4', 5), command: 7 }, { nodes: fakes.slice(0, 1) })
  const hashes = await hashesOf(() => sim.run(query.finished()))
  t.is(query.closestNodes.length, 20)
  t.ok(hashes <= 20, `${hashes} hashes for 400 names of 20 nodes`)
})

test('W-P2: what an answer costs does not depend on how many are waited for', async (t) => {
  const sim = createSimulation(t)
  const costs: number[] = []
  for (const waiting of [10, 5000]) {
    const node = await startLoner(sim, { maxWindow: 8192 })
    const mallory = await FakeNode.create(sim)
    const session = node.session()
    const failures = Array.from({ length: waiting }, () => rejectionOf(session.ping(NOBODY)))
    const sent = record(sim)
    const answer = rejectionOf(node.ping(mallory))
    const { tid } = decodeRequest(sent[0]!.bytes)!
    costs.push(workOf(() => node.onmessage(node.socket!, responseTo(sim.addressOf(node), tid), mallory)).blocks)
    t.is(await sim.run(answer), null)
    t.is(node.stats.requests.active, waiting)
    session.destroy()
    await sim.run(Promise.all(failures))
    t.is(node.stats.requests.active, 0)
  }
  // Bare counts the call that ends the counting, or not.
  const tolerance = 'Bare' in globalThis ? 1 : 0
  t.ok(Math.abs(costs[0]! - costs[1]!) <= tolerance, `${costs.join(' and ')} blocks`)
})

test('W-P4: a response that nobody waits for is dropped before it is decoded', async (t) => {
  const sim = createSimulation(t)
  const node = await startLoner(sim)
  const mallory = await FakeNode.create(sim)
  const sent = record(sim)
  void node.ping(mallory).catch(() => {})
  const { tid } = decodeRequest(sent[0]!.bytes)!
  const response = (id: number) =>
    encodeResponse({
      tid: id,
      ip: parseIPv4(to.host),
      port: to.port,
      id: mallory.id,
      token: b4a.alloc(32),
      closer: Array.from({ length: 20 }, (_, i) => ({ ip: 1e9 + i, port: 5 })),
      error: 0,
      value: b4a.alloc(1000),
    })
  const to = sim.addressOf(node)
  const other = workOf(() => node.onmessage(node.socket!, response(tid ^ 1), mallory))
  t.absent(other.calls.has('decodeResponse'))
  const forged = workOf(() => node.onmessage(node.socket!, response(tid), { host: '20.9.9.9', port: 9 }))
  t.absent(forged.calls.has('decodeResponse'), 'nor is one from another address than the one asked')
  const wanted = workOf(() => node.onmessage(node.socket!, response(tid), mallory))
  t.is(wanted.calls.get('decodeResponse'), 1, 'the one that is waited for is')
  const { unknownTid, wrongSource } = node.stats.datagrams.dropped
  t.alike([unknownTid, wrongSource, node.stats.datagrams.responses], [1, 1, 1])
})

test('W-P12: an invalid token costs two hashes the first time, and none when its sender is known', async (t) => {
  const sim = createSimulation(t)
  const node = await startLoner(sim)
  const to = sim.addressOf(node)
  const refuse = (from: typeof NOBODY) =>
    hashesOf(() =>
      node.onmessage(node.socket!, requestTo(to, { token: b4a.alloc(32, 7), target: b4a.alloc(32) }), from),
    )
  t.is(await refuse(NOBODY), 1, 'one secret')
  await sim.advance(31 * SECOND)
  t.ok((await refuse({ host: '50.0.1.1', port: 9 })) <= 2, 'two secrets, one of them the new token')
  t.ok((await refuse(NOBODY)) <= 1)
  for (let i = 0; i < 100; i++) t.is(await refuse(NOBODY), 0)
  t.is(node.stats.datagrams.requests, 103)
})
