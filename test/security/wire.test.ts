/** Datagrams that are made to hurt whoever reads them, and what leaves us in ours. */
import test from 'brittle'
import b4a from 'b4a'
import { COMMAND } from '../../lib/wire/commands.js'
import { decodeRequest, encodeRequest } from '../../lib/wire/request.js'
import { decodeResponse, encodeResponse } from '../../lib/wire/response.js'
import { errorOf } from '../helpers/errors.js'
import { createSimulation, FakeNode, record, requestTo, SECOND, startLoner } from './attacker.js'

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
