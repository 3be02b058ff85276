/** Datagrams that are made to hurt whoever reads them, and what leaves us in ours. */
import test from 'brittle'
import b4a from 'b4a'
import DHT from '../../index.js'
import { parseIPv4 } from '../../lib/primitives/address.js'
import { COMMAND } from '../../lib/wire/commands.js'
import { decodeRequest, encodeRequest } from '../../lib/wire/request.js'
import { decodeResponse, encodeResponse } from '../../lib/wire/response.js'
import { RawSocket } from '../helpers/raw-socket.js'
import { errorOf } from '../helpers/errors.js'
import { createSimulation, FakeNode, record, requestTo, SECOND, startLoner, unaccounted } from './attacker.js'
import { workOf } from './work.js'

const LOOPBACK = '127.0.0.1'

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

test('W-S10: a field of the wrong length throws, and every byte sent is one that was meant', async (t) => {
  const sim = createSimulation(t)
  const nodes = await sim.startNodes(12)
  const node = nodes[0]!
  const to = sim.addressOf(nodes[1]!)
  const sent = record(sim)
  for (const length of [0, 1, 31, 33]) {
    const wrong = b4a.alloc(length)
    t.ok(errorOf(() => node.request({ command: 7, target: wrong }, to)) instanceof RangeError, `target of ${length}`)
    const token = errorOf(() => node.request({ command: 7, token: wrong }, to))
    t.ok(token instanceof RangeError, `token of ${length}`)
    t.ok(errorOf(() => node.query({ command: 7, target: wrong })) instanceof RangeError)
  }
  t.is(sent.length, 0, 'nothing was sent')
  nodes[1]!.on('request', (req) => req.reply(b4a.from('value')))
  await sim.run(node.query({ command: 7, target: b4a.alloc(32, 1), value: b4a.from('x') }).finished())
  await sim.run(node.ping(to, { size: 100 }))
  await sim.run(node.delayedPing(to, 50))
  await sim.advance(60 * SECOND)
  t.ok(sent.length > 50)
  const different = sent.filter(({ bytes }) => !b4a.equals(bytes, encodedAgain(bytes)))
  t.is(different.length, 0, `${sent.length} datagrams are exactly their fields`)
})

/** The datagram that the fields of this one give: stray bytes would be missing in it. */
function encodedAgain(bytes: Uint8Array): Uint8Array {
  const field = (at: number, length = 32) => (at === -1 ? null : bytes.slice(at, at + length))
  const request = decodeRequest(bytes)
  if (request !== null) {
    const { idAt, tokenAt, targetAt, valueAt, valueBytes, toIp: ip, toPort: port } = request
    const hashes = { id: field(idAt), token: field(tokenAt), target: field(targetAt) }
    return encodeRequest({ ...request, ...hashes, ip, port, value: field(valueAt, valueBytes) })
  }
  const { idAt, tokenAt, closerAt, closerCount, valueAt, valueBytes, ...response } = decodeResponse(bytes)!
  const closer = Array.from({ length: closerCount }, (_, i) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset + closerAt + 6 * i)
    return { ip: view.getUint32(0), port: view.getUint16(4, true) }
  })
  const { toIp: ip, toPort: port } = response
  return encodeResponse({
    ...response,
    ip,
    port,
    closer,
    id: field(idAt),
    token: field(tokenAt),
    value: field(valueAt, valueBytes),
  })
}

test('W-S13: bytes behind an argument change nothing: none is kept, none comes back', async (t) => {
  const sim = createSimulation(t)
  const node = await startLoner(sim)
  const mallory = await FakeNode.create(sim)
  const to = sim.addressOf(node)
  const argument = {
    [COMMAND.PING]: [],
    [COMMAND.PING_NAT]: [mallory.port & 255, mallory.port >> 8],
    [COMMAND.DOWN_HINT]: [20, 0, 0, 9, 1, 0],
    [COMMAND.DELAYED_PING]: [10, 0, 0, 0],
  }
  const sent = record(sim)
  for (const [command, bytes] of Object.entries(argument)) {
    for (const extra of [0, 1, 1500]) {
      const value = b4a.concat([b4a.from(bytes), b4a.alloc(extra, 0x5a)])
      mallory.send(requestTo(to, { command: Number(command), value }), to)
    }
  }
  await sim.advance(SECOND)
  const replies = sent.filter(({ toHost }) => toHost === mallory.host)
  t.is(replies.length, 12, 'all are answered, as the network does')
  t.ok(
    replies.every(({ bytes }) => bytes.length === 10),
    'with ten bytes each',
  )
  t.is(node.stats.datagrams.requests, 12)
  for (const [command, bytes] of Object.entries(argument)) {
    if (bytes.length > 0) mallory.send(requestTo(to, { command: Number(command), value: b4a.from(bytes.slice(1)) }), to)
  }
  await sim.advance(SECOND)
  t.is(node.stats.datagrams.dropped.badArgument, 3, 'and shorter ones are dropped')
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

test('W-P10: a value that is kept does not keep the buffer it was received in', async (t) => {
  const node = new DHT({ host: LOOPBACK, bootstrap: false, ephemeral: true })
  const other = new DHT({ host: LOOPBACK, bootstrap: false, ephemeral: true })
  t.teardown(() => Promise.all([node.destroy(), other.destroy()]))
  await Promise.all([node.fullyBootstrapped(), other.fullyBootstrapped()])
  const to = { host: LOOPBACK, port: other.serverSocket!.address()!.port }
  const kept: Uint8Array[] = []
  other.on('request', (req) => {
    kept.push(req.value!, req.target!)
    req.reply(req.value)
  })
  const first = await node.request({ command: 7, target: b4a.alloc(32, 1), value: b4a.from('first') }, to)
  kept.push(first.value!, first.token!)
  const second = await node.request({ command: 7, target: b4a.alloc(32, 2), value: b4a.from('other') }, to)
  t.alike([b4a.toString(kept[0]!), b4a.toString(first.value!)], ['first', 'first'], 'later datagrams do not change it')
  t.is(b4a.toString(second.value!), 'other')
  // Small copies share the 8 kB pool of the runtime; udx's slab has 64 kB and more.
  for (const bytes of kept) {
    t.ok(bytes.buffer.byteLength <= Buffer.poolSize, `${bytes.length} bytes hold ${bytes.buffer.byteLength}`)
  }
})

test('W-P13: a datagram that was cut off at 2048 bytes is dropped as malformed, and we send no longer ones', async (t) => {
  const node = new DHT({ host: LOOPBACK, bootstrap: false, ephemeral: true })
  t.teardown(() => node.destroy())
  await node.fullyBootstrapped()
  const { port } = node.serverSocket!.address()!
  const raw = await RawSocket.open(t)
  const to = { host: LOOPBACK, port }
  for (const sizeBytes of [2048, 2049, 4000]) {
    const value = b4a.alloc(sizeBytes - requestTo(to, { value: b4a.alloc(300) }).length + 300)
    const bytes = requestTo(to, { value })
    t.is(bytes.length, sizeBytes)
    await raw.send(bytes, port)
    t.is((await raw.settled(port)).length, sizeBytes === 2048 ? 1 : 0, `${sizeBytes} bytes`)
  }
  t.is(node.stats.datagrams.dropped.malformed, 2)
  t.is(unaccounted(node), 0)
  t.ok(errorOf(() => node.request({ command: 7, value: b4a.alloc(2048) }, to)) instanceof RangeError)
  t.ok(errorOf(() => node.ping(to, { size: 2048 })) instanceof RangeError)
})
