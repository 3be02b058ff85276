import test from 'brittle'
import { DHTError } from '../../lib/primitives/errors.js'
import type { Random } from '../../lib/primitives/random.js'
import type { Exchange } from '../../lib/rpc/exchange.js'
import { seededRandom } from '../helpers/contacts.js'
import { Harness, Outcome } from './client-harness.js'

const host = (i: number): string => `20.0.${i >> 8}.${i & 255}`

/** Sends `count` requests, to a host each. */
function sendMany(h: Harness, count: number, from = 0): (Outcome & { exchange: Exchange })[] {
  return Array.from({ length: count }, (_, i) => h.send({ host: host(from + i) }))
}

test('client: the window is never exceeded, and equals what is in flight', (t) => {
  const h = new Harness({ maxWindow: 4 })
  sendMany(h, 10)
  t.is(h.sent.length, 4)
  t.is(h.client.inFlight, 4)
  t.is(h.client.pending, 10)
  for (let i = 0; i < 10; i++) {
    h.answer(h.sent[i]!)
    t.is(h.client.inFlight, Math.min(4, 9 - i))
  }
  t.is(h.client.pending, 0)
})

test('W-P6: an answer lets the next one out at once, first come first served', (t) => {
  const h = new Harness({ maxWindow: 2 })
  sendMany(h, 5)
  h.answer(h.sent[1]!)
  t.alike(
    h.sent.map((sent) => sent.host),
    [0, 1, 2].map(host),
  )
  h.answer(h.sent[0]!)
  h.answer(h.sent[2]!)
  t.alike(
    h.sent.map((sent) => sent.host),
    [0, 1, 2, 3, 4].map(host),
  )
})

test('W-P6: what is cancelled leaves the queue', (t) => {
  const h = new Harness({ maxWindow: 1 })
  const [, second, third] = sendMany(h, 3)
  h.client.cancel(second!.exchange, new DHTError('REQUEST_DESTROYED'))
  t.is(second!.code, 'REQUEST_DESTROYED')
  t.is(h.client.pending, 2)
  h.answer(h.last)
  t.alike(
    h.sent.map((sent) => sent.host),
    [0, 2].map(host),
  )
  h.answer(h.last)
  t.is(third!.replies.length, 1)
})

test('client: cancelling what is in flight frees its place at once, and its answer is unknown', (t) => {
  const h = new Harness({ maxWindow: 1 })
  const [first] = sendMany(h, 2)
  const error = new DHTError('REQUEST_DESTROYED')
  h.client.cancel(first!.exchange, error)
  t.is(first!.errors[0], error)
  t.is(h.sent.length, 2)
  h.answer(h.sent[0]!)
  t.is(first!.settled, 1)
  t.is(h.stats.datagrams.dropped.unknownTid, 1)
  h.client.cancel(first!.exchange, error)
  t.is(first!.settled, 1, 'twice is harmless')
  t.is(h.client.inFlight, 1)
})

test('W-C1: a retransmission that waits in the queue is cancelled by the late answer', async (t) => {
  const h = new Harness({ maxWindow: 2 })
  const [slow] = sendMany(h, 1)
  // Longer than the slow one: it holds a place while that one's timeout passes and its place is taken.
  h.send({ host: host(1) }, { timeoutMs: 60_000 })
  const waiting = sendMany(h, 2, 2)
  await h.virtual.advance(1000)
  t.is(slow!.exchange.state, 'queued')
  t.alike(slow!.overdue, [1])
  const sentBefore = h.sent.length
  h.answer(h.sent[0]!)
  t.is(slow!.replies.length, 1, 'the answer to its first transmission')
  t.is(slow!.replies[0]!.rtt, 1000)
  for (const sent of h.sent.slice(1)) h.answer(sent)
  for (const sent of h.sent.slice(sentBefore)) h.answer(sent)
  await h.virtual.advance(60_000)
  t.is(h.sent.filter((sent) => sent.host === host(0)).length, 1, 'never sent again')
  t.is(h.stats.requests.timeouts, 0)
  t.is(h.unanswered.length, 0, 'nobody is evicted')
  for (const { replies } of waiting) t.is(replies.length, 1)
})

test('client: a timeout gives its place to who waits, and queues up again behind', async (t) => {
  const h = new Harness({ maxWindow: 1 })
  sendMany(h, 2)
  await h.virtual.advance(1000)
  t.alike(
    h.sent.map((sent) => sent.host),
    [0, 1].map(host),
  )
  await h.virtual.advance(1000)
  t.is(h.last.host, host(0))
  t.is(h.client.inFlight, 1)
})

test('client: forced requests neither wait nor count', async (t) => {
  const h = new Harness({ maxWindow: 1 })
  sendMany(h, 2)
  const forced = h.send({ host: host(9) }, { forced: true, retries: 1 })
  t.is(h.sent.length, 2)
  t.is(h.client.inFlight, 1)
  t.is(h.client.pending, 3)
  h.answer(h.last)
  t.is(forced.replies.length, 1)
  t.is(h.client.inFlight, 1)
  const silent = h.send({ host: host(9) }, { forced: true, retries: 1, timeoutMs: 100 })
  await h.virtual.advance(300)
  t.is(silent.code, 'REQUEST_TIMEOUT')
  t.is(h.client.inFlight, 1)
})

test('client: the failure of one that leaves the queue goes on to the next', (t) => {
  const h = new Harness({ maxWindow: 1 })
  const outcomes = sendMany(h, 4)
  h.sendError = new Error('no route')
  h.answer(h.last)
  t.alike(
    outcomes.map(({ code }) => code),
    [undefined, 'SEND_FAILED', 'SEND_FAILED', 'SEND_FAILED'],
  )
  t.is(h.client.pending, 0)
  t.is(h.client.inFlight, 0)
})

test('client: cancelAll settles everything, newest first, and sends nothing more', async (t) => {
  const h = new Harness({ maxWindow: 2 })
  const order: number[] = []
  const outcomes = sendMany(h, 5)
  for (const [i, outcome] of outcomes.entries()) outcome.afterwards = () => void order.push(i)
  const error = new DHTError('IO_SUSPENDED')
  h.client.cancelAll(error)
  t.alike(order, [4, 3, 2, 1, 0])
  t.ok(outcomes.every(({ errors }) => errors[0] === error))
  t.is(h.sent.length, 2)
  t.is(h.client.pending, 0)
  t.is(h.client.inFlight, 0)
  t.is(h.stats.requests.active, 0)
  t.is(h.virtual.pending, 0)
  const after = h.send()
  h.answer(h.last)
  t.is(after.replies.length, 1, 'it works on')
})

test('client: cancelAll reaches those who wait for a socket', (t) => {
  const h = new Harness({ bound: false })
  const outcome = h.send()
  h.client.cancelAll(new DHTError('REQUEST_DESTROYED'))
  t.is(outcome.code, 'REQUEST_DESTROYED')
  h.outgoing = h.socket
  h.client.start()
  t.is(h.sent.length, 0)
})

test('client: too many waiting requests are refused with QUEUE_FULL', (t) => {
  const h = new Harness({ bound: false })
  for (let i = 0; i < 65536; i++) h.send()
  const outcome = new Outcome()
  let code = ''
  try {
    h.send({}, {}, outcome)
  } catch (error) {
    code = (error as DHTError).code
  }
  t.is(code, 'QUEUE_FULL')
  t.is(outcome.settled, 0, 'the call says it, the handler does not hear of it')
  t.is(h.stats.requests.total, 65536)
  t.is(h.client.pending, 65536)
})

test('W-C7: a group hears of every exchange once, when it starts and when it ends', async (t) => {
  const h = new Harness({ maxWindow: 1 })
  const log: string[] = []
  const group = {
    attach: (exchange: Exchange) => void log.push(`+${exchange.message.host}`),
    detach: (exchange: Exchange) => void log.push(`-${exchange.message.host}`),
  }
  const first = h.send({ host: host(1) }, { group })
  h.send({ host: host(2) }, { group, retries: 0 })
  const third = h.send({ host: host(3) }, { group })
  h.answer(h.last)
  h.client.cancel(third.exchange, new DHTError('REQUEST_DESTROYED'))
  await h.virtual.advance(1010)
  h.client.cancel(first.exchange, new DHTError('REQUEST_DESTROYED'))
  t.alike(log, [1, 2, 3].map((i) => `+${host(i)}`).concat([1, 3, 2].map((i) => `-${host(i)}`)))
  t.is(h.client.inFlight, 0)
})

test('W-S2: transaction ids are drawn at random, one for each transmission', (t) => {
  const h = new Harness({ maxWindow: 5000 })
  sendMany(h, 5000)
  const tids = h.sent.map(({ request }) => request.tid)
  t.is(new Set(tids).size, 5000, 'no two unsettled exchanges share one')
  const successors = tids.filter((tid, i) => i > 0 && tid === ((tids[i - 1]! + 1) & 0xffff)).length
  t.ok(successors < 5, `${successors} of 5000 follow one another`)
  const quarters = [0, 0, 0, 0]
  for (const tid of tids) quarters[tid >> 14]!++
  for (const count of quarters) t.ok(count > 1100 && count < 1400, `${count} of 1250 expected`)
})

test('client: an id in use is not given out again, a freed one is', (t) => {
  const draws = [7, 7, 7, 8, 7]
  const random: Random = { ...seededRandom(1), below: () => draws.shift()! }
  const h = new Harness({ random })
  h.send()
  h.send()
  t.alike(
    h.sent.map(({ request }) => request.tid),
    [7, 8],
  )
  h.answer(h.sent[0]!)
  h.send()
  t.is(h.last.request.tid, 7)
})
