import b4a from 'b4a'
import test from 'brittle'
import { addressKey, parseIPv4 } from '../../lib/primitives/address.js'
import { DHTError } from '../../lib/primitives/errors.js'
import { idFromAddress } from '../../lib/primitives/id.js'
import { createEstimate } from '../../lib/rpc/round-trip.js'
import { Harness, HOST, Outcome, PORT } from './client-harness.js'

const OTHER = '20.0.0.2'

test('client: a reply settles the exchange, with what it says in buffers of its own', async (t) => {
  const h = new Harness()
  const id = idFromAddress(HOST, PORT)
  const token = b4a.alloc(32, 7)
  const outcome = h.send({ internal: false, command: 9, target: b4a.alloc(32, 1), value: b4a.from('hello') })
  t.is(h.sent.length, 1)
  t.is(h.last.host, HOST)
  t.is(h.last.port, PORT)
  t.is(h.last.request.command, 9)
  await h.virtual.advance(30)
  h.answer(h.last, { id, token, value: b4a.from('world'), closer: [{ ip: parseIPv4('1.2.3.4'), port: 5 }] })
  t.is(outcome.settled, 1)
  const reply = outcome.replies[0]!
  t.alike(reply.from, { id, host: HOST, port: PORT })
  t.alike(reply.to, { id: null, host: '9.8.7.6', port: 1234 })
  t.alike(reply.token, token)
  t.is(b4a.toString(reply.value!), 'world')
  t.is(reply.error, 0)
  t.is(reply.rtt, 30)
  t.alike(reply.closerNodes, [{ id: idFromAddress('1.2.3.4', 5), host: '1.2.3.4', port: 5 }])
  t.alike(h.responses, [{ reply, asked: true }])
  t.is(h.client.pending, 0)
  t.is(h.client.inFlight, 0)
  t.is(h.stats.requests.active, 0)
  t.is(h.stats.requests.responses, 1)
  t.is(h.stats.datagrams.responses, 1)
})

test('client: an error code and an empty value are replies like any other', (t) => {
  const h = new Harness()
  const outcome = h.send()
  h.answer(h.last, { error: 16, value: b4a.alloc(0) })
  t.is(outcome.replies[0]!.error, 16)
  t.is(outcome.replies[0]!.value!.length, 0)
  t.is(outcome.replies[0]!.token, null)
  t.is(outcome.replies[0]!.closerNodes, null)
})

test('client: an id that is not the hash of the source is no id', (t) => {
  const h = new Harness()
  const outcome = h.send()
  h.answer(h.last, { id: idFromAddress(HOST, PORT + 1) })
  t.is(outcome.replies[0]!.from.id, null)
  const known = idFromAddress(HOST, PORT)
  const second = h.send({ id: known })
  h.answer(h.last, { id: b4a.alloc(32, 5) })
  t.is(second.replies[0]!.from.id, null, 'also where the id is known already')
  const third = h.send({ id: known })
  h.answer(h.last, { id: b4a.from(known) })
  t.is(third.replies[0]!.from.id, known, 'the very object, no hash')
})

test('W-S2: a response from another address than the one asked is dropped, and the request goes on', (t) => {
  const h = new Harness()
  const outcome = h.send()
  h.answer(h.last, {}, { host: OTHER })
  h.answer(h.last, {}, { port: PORT + 1 })
  t.is(outcome.settled, 0)
  t.is(h.stats.datagrams.dropped.wrongSource, 2)
  t.is(h.responses.length, 0)
  h.answer(h.last)
  t.is(outcome.replies.length, 1)
})

test('client: a relayed answer is accepted where the request said so, and is no round trip of the peer', (t) => {
  const h = new Harness()
  const peer = createEstimate()
  h.estimate(HOST, peer)
  const outcome = h.send({ internal: false }, { relayed: true })
  h.answer(h.last, { id: idFromAddress(OTHER, PORT) }, { host: OTHER })
  t.is(outcome.replies[0]!.from.host, OTHER)
  t.alike(outcome.replies[0]!.from.id, idFromAddress(OTHER, PORT), 'verified against where it came from')
  t.is(h.responses[0]!.asked, false)
  t.ok(Number.isNaN(peer.srttMs))
  t.ok(Number.isNaN(h.client.networkEstimate.srttMs))
})

test('client: an unknown transaction id is dropped without a trace', (t) => {
  const h = new Harness()
  const outcome = h.send()
  h.answer(h.last, { tid: h.last.request.tid ^ 1 })
  t.is(outcome.settled, 0)
  t.is(h.stats.datagrams.dropped.unknownTid, 1)
  h.answer(h.last)
  h.answer(h.last)
  t.is(outcome.settled, 1, 'a second answer changes nothing')
  t.is(h.stats.datagrams.dropped.unknownTid, 2)
  t.is(h.stats.requests.responses, 1)
})

test('W-S1: a malformed response is dropped, and the request goes on', (t) => {
  const h = new Harness()
  const outcome = h.send()
  const { tid } = h.last.request
  const header = [0x13, 0x04, tid & 255, tid >> 8, 1, 2, 3, 4, 5, 0]
  h.client.receive(Uint8Array.of(0x13, 0), HOST, PORT, h.socket)
  h.client.receive(Uint8Array.from([...header, 0xfe, 0, 0, 0x10, 0]), HOST, PORT, h.socket)
  h.client.receive(Uint8Array.from(header), HOST, PORT, h.socket)
  t.is(outcome.settled, 0)
  t.is(h.stats.datagrams.dropped.malformed, 3)
  t.is(h.client.pending, 1)
  h.answer(h.last)
  t.is(outcome.replies.length, 1)
})

test('W-P7: retries back off while nobody answers, and the last one ends it', async (t) => {
  const h = new Harness()
  h.estimate(HOST, { srttMs: 20, rttvarMs: 5 })
  const outcome = h.send({ id: idFromAddress(HOST, PORT) })
  await h.virtual.advance(10_000)
  t.alike(
    h.sent.map(({ at }) => at),
    [0, 250, 750, 1750],
  )
  t.alike(outcome.overdue, [1, 2, 3])
  t.is(outcome.code, 'REQUEST_TIMEOUT')
  t.is(outcome.settled, 1)
  t.is(h.unanswered.length, 1)
  t.is(h.unanswered[0]!.exchange, outcome.exchange)
  t.alike(
    [h.stats.requests.timeouts, h.stats.requests.retries, h.stats.requests.active, h.stats.datagrams.sent],
    [1, 3, 0, 4],
  )
  t.is(h.virtual.pending, 0, 'no timer is left')
  t.is(h.client.inFlight, 0)
})

test('client: in an unknown network every transmission waits the initial time', async (t) => {
  const h = new Harness()
  const outcome = h.send({}, { retries: 2 })
  await h.virtual.advance(2999)
  t.alike(
    h.sent.map(({ at }) => at),
    [0, 1000, 2000],
  )
  t.is(outcome.settled, 0)
  await h.virtual.advance(10)
  t.is(outcome.code, 'REQUEST_TIMEOUT')
})

test('client: no retries means one transmission', async (t) => {
  const h = new Harness()
  const outcome = h.send({}, { retries: 0 })
  await h.virtual.advance(1010)
  t.is(h.sent.length, 1)
  t.is(outcome.code, 'REQUEST_TIMEOUT')
  t.alike(outcome.overdue, [])
})

test('client: a chosen timeout is kept for every transmission, and its answer is no round trip', async (t) => {
  const h = new Harness()
  const slow = h.send({}, { timeoutMs: 5000, retries: 1 })
  await h.virtual.advance(4900)
  t.is(h.sent.length, 1)
  await h.virtual.advance(200)
  t.is(h.sent.length, 2)
  h.answer(h.last)
  t.is(slow.replies.length, 1)
  t.ok(Number.isNaN(h.client.networkEstimate.srttMs))
})

test('client: handlers of applications may take their time', async (t) => {
  const h = new Harness()
  h.estimate(HOST, { srttMs: 1, rttvarMs: 0 })
  h.send({ internal: false })
  h.send({ internal: true })
  await h.virtual.advance(300)
  t.is(h.sent.filter(({ request }) => request.internal).length, 2)
  t.is(h.sent.filter(({ request }) => !request.internal).length, 1, '500 ms at least')
  await h.virtual.advance(250)
  t.is(h.sent.filter(({ request }) => !request.internal).length, 2)
})

test('W-C23: rtt is exact for each transmission, and each has a transaction id of its own', async (t) => {
  const h = new Harness()
  const peer = createEstimate()
  h.estimate(HOST, peer)
  const late = h.send()
  await h.virtual.advance(1040)
  t.is(h.sent.length, 2)
  t.not(h.sent[0]!.request.tid, h.sent[1]!.request.tid)
  h.answer(h.sent[0]!)
  t.is(late.replies[0]!.rtt, 1040, 'an answer to the first')
  t.is(peer.srttMs, 1040)

  const second = h.send({ host: OTHER })
  await h.virtual.advance(3000)
  const transmissions = h.sent.filter(({ host }) => host === OTHER)
  t.ok(transmissions.length >= 2)
  await h.virtual.advance(5)
  const { at } = transmissions.at(-1)!
  h.answer(transmissions.at(-1)!)
  t.is(second.replies[0]!.rtt, h.virtual.now() - at, 'an answer to the last')
  t.is(h.client.pending, 0)
  for (const sent of transmissions) h.answer(sent)
  t.is(h.stats.datagrams.dropped.unknownTid, transmissions.length, 'all its ids are free again')
})

test('client: a retransmission is another datagram only in its transaction id', async (t) => {
  const h = new Harness()
  h.send({ value: b4a.from('abc') })
  const first = b4a.from(h.last.bytes)
  await h.virtual.advance(1000)
  t.alike(b4a.from(h.sent[0]!.bytes), first, 'what was sent before is not touched')
  const again = b4a.from(h.last.bytes)
  again.set(first.subarray(2, 4), 2)
  t.alike(again, first)
})

test('W-C23: the time before there is a socket does not count', async (t) => {
  const h = new Harness({ bound: false })
  const first = h.send()
  const cancelled = h.send()
  const second = h.send({ host: OTHER })
  t.is(h.sent.length, 0)
  t.is(h.virtual.pending, 0, 'they wait without a timer')
  t.is(h.client.pending, 3)
  await h.virtual.advance(60_000)
  h.client.cancel(cancelled.exchange, new DHTError('REQUEST_DESTROYED'))
  h.outgoing = h.socket
  h.client.start()
  t.alike(
    h.sent.map(({ host }) => host),
    [HOST, OTHER],
  )
  await h.virtual.advance(25)
  for (const sent of h.sent) h.answer(sent)
  t.is(first.replies[0]!.rtt, 25)
  t.is(second.replies[0]!.rtt, 25)
  t.is(cancelled.code, 'REQUEST_DESTROYED')
})

test('client: all transmissions leave from one socket, with their ttl; a chosen socket needs no other', async (t) => {
  const h = new Harness({ bound: false })
  const own = h.createSocket()
  h.send({}, { socket: own, ttl: 3 })
  t.is(h.sent.length, 1)
  h.outgoing = h.socket
  await h.virtual.advance(1000)
  t.is(h.sent.length, 2)
  for (const sent of h.sent) {
    t.is(sent.socket, own)
    t.is(sent.ttl, 3)
  }
})

test('client: the id is the one of the socket it leaves from', (t) => {
  const h = new Harness()
  h.send()
  t.is(h.last.request.idAt, -1)
  h.senderId = b4a.alloc(32, 3)
  h.send()
  const { idAt } = h.last.request
  t.alike(b4a.from(h.last.bytes.subarray(idAt, idAt + 32)), h.senderId)
})

test('W-C8: what the system refuses to send fails with SEND_FAILED and leaves nothing behind', async (t) => {
  const h = new Harness()
  h.sendError = new Error('no route')
  const outcome = h.send()
  t.is(outcome.code, 'SEND_FAILED')
  t.is(outcome.errors[0]!.cause, h.sendError)
  t.is(h.client.pending, 0)
  t.is(h.client.inFlight, 0)
  t.is(h.stats.requests.active, 0)
  await h.virtual.advance(10_000)
  t.is(outcome.settled, 1)
  t.is(h.unanswered.length, 0, 'no fault of the peer')
})

test('W-C8: a message that cannot be encoded fails at once too', (t) => {
  const h = new Harness()
  const outcome = h.send({ target: b4a.alloc(31) })
  t.is(outcome.code, 'SEND_FAILED')
  t.ok(outcome.errors[0]!.cause instanceof RangeError)
  t.is(h.sent.length, 0)
  t.is(h.stats.requests.active, 0)
  t.is(h.client.inFlight, 0)
})

test('client: evidence says whether anybody answered meanwhile', async (t) => {
  const h = new Harness()
  h.send({}, { retries: 0 })
  await h.virtual.advance(500)
  h.send({ host: OTHER })
  h.answer(h.last)
  await h.virtual.advance(600)
  t.alike(
    h.unanswered.map(({ evidence }) => evidence),
    [true],
  )
  h.send({}, { retries: 0 })
  await h.virtual.advance(2000)
  t.is(h.unanswered[1]!.evidence, false, 'nobody did')
})

test('client: a network that comes back after the last transmission is no evidence', async (t) => {
  for (const [answeredAt, evidence] of [
    [500, true],
    [1500, true],
    [2500, false],
  ] as const) {
    const h = new Harness()
    const outcome = h.send({}, { retries: 2 })
    await h.virtual.advance(answeredAt)
    h.send({ host: OTHER })
    // Just sent, just answered: the silence of the first is still timed as in an unknown network.
    h.answer(h.last, {}, {})
    await h.virtual.advance(5000)
    t.is(outcome.code, 'REQUEST_TIMEOUT')
    t.is(h.unanswered[0]!.evidence, evidence, `answered at ${answeredAt} ms`)
  }
})

test('W-C29: every command is counted when it is sent first, and when it is answered', async (t) => {
  const h = new Harness()
  const names = ['ping', 'pingNat', 'findNode', 'downHint', 'delayedPing'] as const
  for (const [command, name] of names.entries()) {
    h.send({ command })
    t.alike(h.stats.commands[name], { tx: 1, rx: 0 }, name)
    h.answer(h.last)
    t.alike(h.stats.commands[name], { tx: 1, rx: 1 }, name)
  }
  h.send({ command: 0, internal: false })
  h.answer(h.last)
  t.alike(h.stats.commands.ping, { tx: 1, rx: 1 }, 'the number alone does not make it internal')
})

test('client: a shorter timeout moves the timer forward', async (t) => {
  const h = new Harness()
  const patient = h.send({}, { timeoutMs: 5000, retries: 0 })
  await h.virtual.advance(100)
  const hasty = h.send({ host: OTHER }, { timeoutMs: 200, retries: 0 })
  await h.virtual.advance(210)
  t.is(hasty.code, 'REQUEST_TIMEOUT')
  t.is(patient.settled, 0)
  await h.virtual.advance(5000)
  t.is(patient.code, 'REQUEST_TIMEOUT')
})

test('client: a handler may send again from its answer', (t) => {
  const h = new Harness()
  const second = new Outcome()
  const first = new Outcome()
  first.afterwards = () => void h.send({ host: OTHER }, {}, second)
  h.send({}, {}, first)
  h.answer(h.last)
  t.is(h.last.host, OTHER)
  h.answer(h.last)
  t.is(second.replies.length, 1)
  t.is(addressKey(parseIPv4(OTHER), PORT) > 0, true)
})
