/** What a lookup asks beside its walk, and how long it waits for that. */
import test from 'brittle'
import { DHTError } from '../../lib/primitives/errors.js'
import { answer, Harness, nearestFirst, serialOf, timeOut } from './lookup-harness.js'

const SEEDS = 60
const ORDER = nearestFirst(SEEDS)
/** The answers of two of the k nearest come out of order. */
const DISORDER = { closer: [ORDER[1]!, ORDER[0]!] }

/** All of the walk has answered; what it asks beside is on the way. */
function walked(options: ConstructorParameters<typeof Harness>[1] = {}): Harness {
  const h = new Harness(SEEDS, options)
  h.lookup.pump()
  for (let i = 0; i < h.asked.length; i++) answer(h.asked[i]!, DISORDER)
  return h
}

test('lookup: who names nodes in order is asked nothing beside the walk', (t) => {
  const h = new Harness(SEEDS)
  h.lookup.pump()
  for (let i = 0; i < h.asked.length; i++) answer(h.asked[i]!, { closer: ORDER.slice(0, 4) })
  t.alike([h.side.length, h.ends], [0, [null]])
})

test('lookup: questions beside the walk hold up its end, and go to two different nodes', (t) => {
  const h = walked()
  t.is(h.asked.length, 4)
  t.is(h.side.length, 2)
  t.alike(new Set(h.side.map(({ candidate }) => serialOf(candidate))), new Set(ORDER.slice(0, 2)))
  t.is(new Set(h.side.map(({ target }) => target.join())).size, 2)
  t.alike(h.ends, [])
  answer(h.side[0]!)
  t.alike(h.ends, [])
  answer(h.side[1]!)
  t.alike(h.ends, [null])
})

test('lookup: they are asked while the last of the walk are on the way, without taking their places', (t) => {
  const h = new Harness(SEEDS)
  h.lookup.pump()
  t.is(h.asked.length, 3)
  answer(h.asked[0]!, DISORDER)
  t.is(h.asked.length, 4, 'the k nearest are all asked')
  t.alike([h.side.length > 0, h.traversal.inFlight], [true, 3])
})

test('lookup: whom they find is asked, and is a result', (t) => {
  const h = new Harness(0)
  for (const serial of ORDER.slice(1)) h.seed(serial)
  h.lookup.pump()
  for (let i = 0; i < h.asked.length; i++) answer(h.asked[i]!, { closer: [ORDER[2]!, ORDER[1]!] })
  t.alike([h.asked.length, h.ends], [4, []])
  answer(h.side[0]!, { closer: [ORDER[0]!] })
  t.is(h.serials.at(-1), ORDER[0])
  answer(h.of(ORDER[0]!))
  for (const side of h.side.slice(1)) answer(side)
  t.alike(h.found, ORDER.slice(0, 4))
  t.alike(h.ends, [null])
  t.is(h.replies.length, 5, 'an answer beside the walk is none of its replies')
})

for (const [title, give] of [
  ['overdue', (h: Harness) => h.side[0]!.handler.onOverdue(1, false)],
  ['late', (h: Harness) => h.side[0]!.handler.onOverdue(1, true)],
  ['silent', (h: Harness) => timeOut(h.side[0]!)],
  ['refused by the system', (h: Harness) => h.side[0]!.handler.onFailure(new DHTError('SEND_FAILED'))],
  ['answered with an error', (h: Harness) => answer(h.side[0]!, { error: 16, closer: [ORDER[30]!] })],
] as const) {
  test(`lookup: a question beside the walk that is ${title} holds nothing up, and is nobody's fault`, (t) => {
    const h = walked()
    answer(h.side[1]!)
    t.alike(h.ends, [])
    give(h)
    t.alike(h.ends, [null])
    t.alike(h.found, ORDER.slice(0, 4))
    t.alike([h.hints, h.traversal.errors], [[], 0])
    t.is(h.asked.length, 4, 'nobody else is asked')
    t.is(h.side[0]!.cancelled, null)
  })
}

test('lookup: whom an error names beside the walk is not asked', (t) => {
  const h = new Harness(0)
  for (const serial of ORDER.slice(1)) h.seed(serial)
  h.lookup.pump()
  for (let i = 0; i < h.asked.length; i++) answer(h.asked[i]!, { closer: [ORDER[2]!, ORDER[1]!] })
  for (const side of h.side) answer(side, { error: 16, closer: [ORDER[0]!] })
  t.alike([h.asked.length, h.ends], [4, [null]])
})

test('lookup: what comes of it twice counts once', (t) => {
  const h = walked()
  const [first, second] = h.side
  first!.handler.onOverdue(1, false)
  first!.handler.onOverdue(2, true)
  t.alike(h.ends, [], 'the second is still waited for')
  answer(first!, { closer: [ORDER[50]!] })
  t.alike(h.ends, [])
  answer(second!)
  t.alike(h.ends, [null])
  timeOut(first!)
  t.is(h.ends.length, 1)
})

test('lookup: at its natural end they run on, unheard', (t) => {
  const h = walked()
  for (const { handler } of h.side) handler.onOverdue(1, false)
  t.alike(h.ends, [null])
  answer(h.side[0]!, { closer: [ORDER[50]!] })
  timeOut(h.side[1]!)
  t.alike([h.ends.length, h.asked.length, h.hints], [1, 4, []])
  t.ok(h.side.every(({ cancelled }) => cancelled === null))
})

test('lookup: stop takes them back as well, the newest first', (t) => {
  const h = walked()
  const order: number[] = []
  for (const [i, { handler }] of h.side.entries()) {
    const { onFailure } = handler
    handler.onFailure = (error) => {
      order.push(i)
      onFailure(error)
    }
  }
  const error = new DHTError('REQUEST_DESTROYED')
  h.lookup.stop(error)
  t.alike(order, [1, 0])
  t.ok(h.side.every(({ cancelled }) => cancelled === error))
  t.alike([h.ends, h.asked.length], [[], 4])
  h.lookup.pump()
  answer(h.side[0]!)
  t.alike(h.ends, [])
})

test('lookup: a question that is answered before it returns leaves nothing behind', (t) => {
  const h = new Harness(SEEDS)
  h.onAsk = (asked) => {
    if (h.side.includes(asked)) answer(asked)
  }
  h.lookup.pump()
  for (let i = 0; i < h.asked.length; i++) answer(h.asked[i]!, DISORDER)
  t.alike([h.side.length, h.ends], [2, [null]])
  h.lookup.stop(new DHTError('REQUEST_DESTROYED'))
  t.ok(h.side.every(({ cancelled }) => cancelled === null))
})

test('lookup: what is asked beside the walk does not wait for the consumer, who gets nothing of it', (t) => {
  const h = new Harness(SEEDS)
  h.lookup.pump()
  answer(h.asked[0]!)
  h.mayAsk = false
  answer(h.asked[1]!, DISORDER)
  t.is(h.side.length, 2)
  h.mayAsk = true
  h.lookup.pump()
  t.is(h.side.length, 2)
})

test('lookup: chosen nodes only means no question beside the walk', (t) => {
  const h = walked({ walk: { onlySeeds: true } })
  t.alike([h.side.length, h.ends], [0, [null]])
})

for (const code of ['IO_SUSPENDED', 'REQUEST_DESTROYED', 'QUEUE_FULL', 'NODE_DESTROYED'] as const) {
  test(`lookup: ${code} ends it, once, also where only questions beside the walk are left`, (t) => {
    const h = walked()
    for (const { handler } of h.side.toReversed()) handler.onFailure(new DHTError(code))
    t.is(h.ends.length, 1)
    t.alike([h.asked.length, h.side.length, h.hints], [4, 2, []], 'nobody else is asked')
  })
}
