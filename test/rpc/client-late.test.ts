/**
 * Requests of lookups after their last timeout: nothing more is sent and their place is free, but for a second an
 * answer still counts.
 */
import test from 'brittle'
import { parseIPv4 } from '../../lib/primitives/address.js'
import { DHTError } from '../../lib/primitives/errors.js'
import { idFromAddress } from '../../lib/primitives/id.js'
import type { Exchange } from '../../lib/rpc/exchange.js'
import { LATE_MS } from '../../lib/rpc/patience.js'
import { createEstimate } from '../../lib/rpc/round-trip.js'
import type { Outcome } from './client-harness.js'
import { Harness, HOST, LateClock, PORT } from './client-harness.js'

const LOOKUP = { lookup: true, retries: 1 }
/** Two transmissions into an unknown network. */
const LATE_AT = 800
const OTHER = '20.0.0.2'

/** A request that has just become late, and one that waits behind it. */
async function createLate(t: { is(a: unknown, b: unknown, comment?: string): void }, maxWindow = 1) {
  const h = new Harness({ maxWindow })
  const one = h.send({ id: idFromAddress(HOST, PORT) }, LOOKUP)
  await h.virtual.advance(LATE_AT)
  t.is(one.exchange.late, true)
  t.is(one.late, 1)
  return { h, one }
}

test('client: a late request holds no place, and lets the next one out at once', async (t) => {
  const h = new Harness({ maxWindow: 1 })
  const one = h.send({}, LOOKUP)
  await h.virtual.advance(500)
  const next = h.send({ host: OTHER })
  t.is(next.exchange.state, 'queued')
  await h.virtual.advance(LATE_AT - 500)
  t.is(one.settled, 0)
  t.alike([next.exchange.state, h.last.at], ['sent', LATE_AT])
  t.alike([h.client.inFlight, h.client.pending, h.stats.requests.active], [1, 2, 2])
})

test('client: an answer to any transmission settles a late request, and is a reply like others', async (t) => {
  for (const which of [0, 1]) {
    const { h, one } = await createLate(t)
    const peer = createEstimate()
    h.estimate(HOST, peer)
    await h.virtual.advance(LATE_MS - 10)
    h.answer(h.sent[which]!)
    t.is(one.replies.length, 1)
    const rtt = LATE_AT + LATE_MS - 10 - h.sent[which]!.at
    t.alike([one.replies[0]!.rtt, peer.srttMs], [rtt, rtt], 'it teaches how long the peer takes')
    t.is(h.responses.length, 1)
    t.alike([h.client.inFlight, h.client.pending], [0, 0])
    const { active, responses, timeouts, retries } = h.stats.requests
    t.alike({ active, responses, timeouts, retries }, { active: 0, responses: 1, timeouts: 0, retries: 1 })
    await h.virtual.advance(60_000)
    t.is(one.settled, 1)
    t.is(h.unanswered.length, 0, 'it lives')
    for (const sent of h.sent) h.answer(sent)
    t.is(h.stats.datagrams.dropped.unknownTid, 2, 'its ids are free')
    t.is(h.virtual.pending, 0)
  }
})

test('client: without an answer it fails after a second, and only then its peer is unanswered', async (t) => {
  const { h, one } = await createLate(t)
  await h.virtual.advance(LATE_MS - 1)
  t.is(one.settled, 0)
  t.alike([h.unanswered.length, h.stats.requests.timeouts], [0, 0])
  await h.virtual.advance(10)
  t.is(one.code, 'REQUEST_TIMEOUT')
  t.is(h.unanswered[0]!.exchange, one.exchange)
  t.alike([h.stats.requests.timeouts, h.stats.requests.active, h.client.inFlight, h.client.pending], [1, 0, 0, 0])
  t.alike([h.virtual.pending, one.late, one.settled], [0, 1, 1])
  t.is(h.sent.length, 2, 'nothing more was sent')
  for (const sent of h.sent) h.answer(sent)
  t.is(h.stats.datagrams.dropped.unknownTid, 2)
})

/** Everything that can end a late request; the place in the window that it has given back stays given back once. */
const ENDINGS: [title: string, end: (h: Harness, exchange: Exchange) => void | Promise<void>, code?: string][] = [
  ['an answer', (h) => h.answer(h.sent[1]!)],
  ['silence', (h) => h.virtual.advance(LATE_MS + 10), 'REQUEST_TIMEOUT'],
  ['cancel', (h, exchange) => h.client.cancel(exchange, new DHTError('REQUEST_DESTROYED')), 'REQUEST_DESTROYED'],
  ['cancelAll', (h) => h.client.cancelAll(new DHTError('IO_SUSPENDED')), 'IO_SUSPENDED'],
]

for (const [title, end, code] of ENDINGS) {
  test(`client: a late request ended by ${title} gives no place back that it no longer has`, async (t) => {
    const { h, one } = await createLate(t)
    const other = h.send({ host: OTHER }, { timeoutMs: 60_000, retries: 0 })
    const waiting = h.send({ host: '20.0.0.3' }, { timeoutMs: 60_000, retries: 0 })
    t.alike([h.client.inFlight, waiting.exchange.state], [1, 'queued'])
    await end(h, one.exchange)
    t.alike([one.settled, one.code], [1, code])
    const all = title === 'cancelAll'
    t.is(h.client.inFlight, all ? 0 : 1, 'the other one still has its place')
    t.is(other.settled, all ? 1 : 0)
    t.is(waiting.exchange.state, all ? 'settled' : 'queued')
    h.client.cancel(one.exchange, new DHTError('REQUEST_DESTROYED'))
    t.is(one.settled, 1, 'it is over')
    t.is(h.client.inFlight, all ? 0 : 1)
  })
}

test('client: many become late together, and the window is as wide as before', async (t) => {
  const h = new Harness({ maxWindow: 4 })
  const outcomes = Array.from({ length: 12 }, (_, i) => h.send({ host: `20.0.1.${i}` }, { lookup: true, retries: 0 }))
  await h.virtual.advance(410)
  t.alike([h.sent.length, h.client.inFlight, h.client.pending], [8, 4, 12])
  await h.virtual.advance(400)
  t.alike([h.sent.length, h.client.inFlight], [12, 4])
  for (const sent of h.sent) h.answer(sent)
  t.ok(outcomes.every(({ replies }) => replies.length === 1))
  t.alike([h.client.inFlight, h.client.pending], [0, 0])
})

test('client: a forced request becomes late without a place to give back', async (t) => {
  const h = new Harness({ maxWindow: 1 })
  h.send({ host: OTHER }, { timeoutMs: 60_000 })
  const forced = h.send({}, { lookup: true, retries: 0, forced: true })
  await h.virtual.advance(500)
  t.alike([forced.late, h.client.inFlight], [1, 1])
  await h.virtual.advance(LATE_MS)
  t.alike([forced.code, h.client.inFlight], ['REQUEST_TIMEOUT', 1])
})

test('client: a handler that hears of the last silence may take the request back, or send another', async (t) => {
  const h = new Harness({ maxWindow: 1 })
  const one: Outcome & { exchange: Exchange } = h.send({}, { lookup: true, retries: 0 })
  let next: Outcome | null = null
  one.onOverdue = () => {
    h.client.cancel(one.exchange, new DHTError('REQUEST_DESTROYED'))
    next = h.send({ host: OTHER })
  }
  await h.virtual.advance(410)
  t.alike([one.code, one.settled], ['REQUEST_DESTROYED', 1])
  t.alike([h.last.host, h.client.inFlight], [OTHER, 1])
  h.answer(h.last)
  t.is(next!.replies.length, 1)
  t.is(h.client.inFlight, 0)
})

test('client: requests that are not of a lookup are never late', async (t) => {
  const h = new Harness()
  const one = h.send({}, { retries: 1 })
  await h.virtual.advance(2010)
  t.alike([one.late, one.code], [0, 'REQUEST_TIMEOUT'])
})

test('client: the group of a late request hears of its end once', async (t) => {
  for (const [, end] of ENDINGS) {
    const log: string[] = []
    const group = { attach: () => void log.push('+'), detach: () => void log.push('-') }
    const h = new Harness()
    const one = h.send({}, { ...LOOKUP, group })
    await h.virtual.advance(LATE_AT)
    t.alike(log, ['+'], 'it is still on the way')
    await end(h, one.exchange)
    t.alike(log, ['+', '-'])
  }
})

test('client: evidence against a late peer is what was heard before its last transmission', async (t) => {
  for (const [answeredAt, evidence] of [
    [200, true],
    [600, false],
    [1500, false],
  ] as const) {
    const h = new Harness()
    const one = h.send({}, LOOKUP)
    await h.virtual.advance(answeredAt)
    h.send({ host: OTHER })
    h.answer(h.last)
    await h.virtual.advance(5000)
    t.is(one.code, 'REQUEST_TIMEOUT')
    t.is(h.unanswered[0]!.evidence, evidence, `somebody else answered at ${answeredAt} ms`)
  }
})

test('client: a stall in the last second postpones the end', (t) => {
  const clock = new LateClock()
  const h = new Harness({ clock })
  const one = h.send({}, { lookup: true, retries: 0 })
  clock.wakeAt(401)
  t.is(one.late, 1)
  clock.wakeAt(5000)
  t.is(one.settled, 0, 'the answer may lie unread')
  h.answer(h.last)
  clock.wakeAt(6000)
  t.alike([one.replies.length, one.errors.length], [1, 0])
})

test('client: whom it is asking is who got a request that is not settled, late or not', async (t) => {
  const h = new Harness({ maxWindow: 1 })
  const ip = parseIPv4(HOST)
  t.is(h.client.isAsking(ip, PORT), false)
  h.send({}, { lookup: true, retries: 0 })
  t.is(h.client.isAsking(ip, PORT), true)
  t.is(h.client.isAsking(ip, PORT + 1), false, 'another port is another node')
  t.is(h.client.isAsking(ip + 1, PORT), false)
  h.send({ host: OTHER })
  t.is(h.client.isAsking(parseIPv4(OTHER), PORT), false, 'what waits was not asked yet')
  await h.virtual.advance(410)
  t.is(h.client.isAsking(ip, PORT), true, 'late')
  t.is(h.client.isAsking(parseIPv4(OTHER), PORT), true)
  h.answer(h.sent[0]!)
  t.is(h.client.isAsking(ip, PORT), false)
})
