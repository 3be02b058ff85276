import test from 'brittle'
import { DHTError } from '../../lib/primitives/errors.js'
import { answer, Harness, nearestFirst, serialOf, timeOut } from './lookup-harness.js'

test('lookup: asks the nearest, a few at a time, and ends once when all that matter have answered', (t) => {
  const h = new Harness(6)
  h.lookup.pump()
  t.alike(h.serials, nearestFirst(6).slice(0, 3))
  t.alike(h.ends, [])
  for (let i = 0; i < h.asked.length; i++) answer(h.asked[i]!)
  t.alike(h.serials, nearestFirst(6).slice(0, 4), 'k of them')
  t.alike(h.found, nearestFirst(6).slice(0, 4))
  t.alike(new Set(h.replies), new Set(h.found))
  t.alike(h.ends, [null])
  h.lookup.pump()
  answer(h.asked[0]!)
  t.is(h.ends.length, 1)
})

test('lookup: without anybody to ask it ends at once', (t) => {
  const h = new Harness(0)
  h.lookup.pump()
  t.alike(h.ends, [null])
})

test('lookup: answers that come while it is asking are taken in, however many', (t) => {
  const h = new Harness(1, { k: 20 })
  h.onAsk = (asked) => answer(asked, { closer: [serialOf(asked.candidate) + 1, serialOf(asked.candidate) + 2] })
  h.lookup.pump()
  t.alike(h.ends, [null])
  t.ok(h.found.length === 20 && h.asked.length >= 20, `${h.asked.length} asked`)
  t.is(new Set(h.serials).size, h.serials.length, 'each once')
  t.is(h.traversal.inFlight, 0)
})

test('lookup: closer nodes that are named are asked too', (t) => {
  const [nearest, second] = nearestFirst(9)
  const h = new Harness(0)
  h.seed(second!)
  h.lookup.pump()
  answer(h.of(second!), { closer: [nearest!, second!] })
  t.alike(h.serials, [second, nearest])
  answer(h.of(nearest!))
  t.alike(h.found, [nearest, second])
  t.alike(h.ends, [null])
})

test('lookup: an error reply is no result and is told to nobody, but whom it names is asked', (t) => {
  const h = new Harness(1)
  h.lookup.pump()
  answer(h.of(1), { error: 16, closer: [2] })
  answer(h.of(2))
  t.alike(h.replies, [2])
  t.alike(h.found, [2])
  t.alike([h.traversal.successes, h.traversal.errors], [1, 1])
  t.alike(h.ends, [null])
})

test('lookup: a reply without id is told, but is no result', (t) => {
  const h = new Harness(1)
  h.lookup.pump()
  answer(h.of(1), { identified: false, closer: [2] })
  answer(h.of(2))
  t.alike(h.replies, [1, 2])
  t.alike(h.found, [2])
})

test('lookup: whoever named a silent node hears of it, be it before or after the silence', (t) => {
  const h = new Harness(2, { k: 20 })
  h.lookup.pump()
  answer(h.of(1), { closer: [3] })
  timeOut(h.of(3))
  t.alike(h.hints, [[1, 3]])
  answer(h.of(2), { closer: [3, 4] })
  t.alike(h.hints, [
    [1, 3],
    [2, 3],
  ])
  answer(h.of(4))
  t.alike(h.ends, [null])
})

test('lookup: what the system refuses to send concerns one node only, and is no silence of it', (t) => {
  const h = new Harness(1)
  h.onAsk = (asked) => {
    if (serialOf(asked.candidate) === 3) asked.handler.onFailure(new DHTError('SEND_FAILED'))
  }
  h.lookup.pump()
  answer(h.of(1), { closer: [2, 3] })
  answer(h.of(2))
  t.alike(h.hints, [])
  t.alike(h.ends, [null])
  t.is(h.traversal.inFlight, 0)
})

for (const code of ['IO_SUSPENDED', 'REQUEST_DESTROYED', 'QUEUE_FULL', 'NODE_DESTROYED'] as const) {
  test(`lookup: ${code} ends it, once, and W-C12: asks nobody else`, (t) => {
    const h = new Harness(8)
    h.lookup.pump()
    const before = h.asked.length
    for (const { handler } of h.asked.slice()) handler.onFailure(new DHTError(code))
    t.alike(h.failures, [code])
    t.is(h.asked.length, before)
    t.alike(h.hints, [])
    t.ok(h.lookup.ended)
  })
}

test('lookup: a failure of the first ask, before it returns, ends it without asking the others', (t) => {
  const h = new Harness(8)
  h.onAsk = ({ handler }) => handler.onFailure(new DHTError('QUEUE_FULL'))
  h.lookup.pump()
  t.is(h.asked.length, 1)
  t.alike(h.failures, ['QUEUE_FULL'])
})

test('lookup: nobody new is asked while mayAsk says no, and it goes on when pumped', (t) => {
  const h = new Harness(6)
  h.mayAsk = false
  h.lookup.pump()
  t.is(h.asked.length, 0)
  h.mayAsk = true
  h.lookup.pump()
  h.mayAsk = false
  for (const asked of h.asked.slice()) answer(asked)
  t.is(h.asked.length, 3)
  t.alike(h.ends, [])
  h.mayAsk = true
  h.lookup.pump()
  answer(h.asked[3]!)
  t.alike(h.ends, [null])
})

test('lookup: a node that is overdue loses its place before its last timeout', (t) => {
  const h = new Harness(4)
  h.lookup.pump()
  t.is(h.asked.length, 3)
  h.asked[0]!.handler.onOverdue(1, false)
  t.is(h.asked.length, 4)
  h.asked[0]!.handler.onOverdue(1, false)
  t.is(h.traversal.slow, 1, 'once')
  for (const asked of h.asked.slice(1)) answer(asked)
  t.alike(h.ends, [], 'its answer is still waited for')
  answer(h.asked[0]!)
  t.alike(h.found, nearestFirst(4))
  t.alike(h.ends, [null])
})

test('lookup: after two timeouts nobody waits for a node any more', (t) => {
  const h = new Harness(2)
  h.lookup.pump()
  answer(h.of(1))
  h.of(2).handler.onOverdue(1, false)
  t.alike(h.ends, [])
  h.of(2).handler.onOverdue(2, false)
  t.alike(h.ends, [null])
  t.is(h.of(2).cancelled, null, 'its request runs on')
})

test('lookup: nor after the last one, be it the first', (t) => {
  const h = new Harness(2)
  h.lookup.pump()
  answer(h.of(1))
  h.of(2).handler.onOverdue(1, true)
  t.alike(h.ends, [null])
  t.is(h.of(2).cancelled, null, 'its request runs on')
  answer(h.of(2))
  t.alike([h.replies, h.found], [[1], [1]], 'too late for this lookup')
})

test('lookup: an answer of a node presumed dead counts while the lookup runs', (t) => {
  const h = new Harness(3)
  h.lookup.pump()
  h.of(2).handler.onOverdue(1, false)
  h.of(2).handler.onOverdue(2, true)
  answer(h.of(1))
  t.alike(h.ends, [], 'the third is waited for')
  answer(h.of(2))
  answer(h.of(3))
  t.alike(new Set(h.found), new Set([1, 2, 3]))
  t.alike([h.traversal.slow, h.traversal.inFlight, h.hints], [0, 0, []])
  t.alike(h.ends, [null])
})

test('lookup: after the end a late answer changes nothing, a silence is still hinted', (t) => {
  const h = new Harness(1, { k: 20 })
  h.lookup.pump()
  answer(h.of(1), { closer: [2, 3] })
  for (const serial of [2, 3]) {
    h.of(serial).handler.onOverdue(1, false)
    h.of(serial).handler.onOverdue(2, false)
  }
  t.alike(h.ends, [null])
  answer(h.of(2), { closer: [4] })
  h.of(3).handler.onOverdue(3, true)
  timeOut(h.of(3))
  t.is(h.asked.length, 3)
  t.alike(h.replies, [1])
  t.alike(h.found, [1])
  t.alike(h.hints, [[1, 3]])
  t.is(h.ends.length, 1)
})

test('lookup: stop takes back what is on the way, newest first, without an end and without hints', (t) => {
  const h = new Harness(0)
  const order: number[] = []
  for (let i = 1; i <= 6; i++) h.seed(i)
  h.lookup.pump()
  for (const asked of h.asked) {
    const { onFailure } = asked.handler
    asked.handler.onFailure = (error) => {
      order.push(serialOf(asked.candidate))
      onFailure(error)
    }
  }
  const error = new DHTError('REQUEST_DESTROYED')
  h.lookup.stop(error)
  t.alike(order, h.serials.toReversed())
  t.ok(h.asked.every(({ cancelled }) => cancelled === error))
  t.alike([h.ends, h.hints, h.asked.length], [[], [], 3])
  h.lookup.stop(error)
  h.lookup.pump()
  answer(h.asked[0]!)
  timeOut(h.asked[1]!)
  t.alike([h.ends, h.replies, h.hints, h.asked.length], [[], [], [], 3])
})

test('lookup: stopped by the reply at hand, it asks nobody else', (t) => {
  const h: Harness = new Harness(6, { onReply: () => h.lookup.stop(new DHTError('REQUEST_DESTROYED')) })
  h.lookup.pump()
  answer(h.asked[0]!)
  t.is(h.asked.length, 3)
  t.alike(h.ends, [])
  t.alike(
    h.asked.map(({ cancelled }) => cancelled !== null),
    [false, true, true],
  )
})

test('lookup: a poor result may be extended once', (t) => {
  let starved = 0
  const h: Harness = new Harness(1, {
    k: 8,
    onStarved: () => {
      starved++
      h.seed(2)
      return true
    },
  })
  h.lookup.pump()
  timeOut(h.of(1))
  t.alike([starved, h.ends], [1, []])
  timeOut(h.of(2))
  t.alike([starved, h.ends], [1, [null]])
})

test('lookup: a result of a quarter of k is not extended, and nothing to extend with ends it', (t) => {
  for (const [answers, calls] of [
    [2, 0],
    [1, 1],
  ] as const) {
    let starved = 0
    const h = new Harness(2, {
      k: 8,
      onStarved: () => {
        starved++
        return false
      },
    })
    h.lookup.pump()
    for (let i = 1; i <= 2; i++) {
      if (i <= answers) answer(h.of(i))
      else timeOut(h.of(i))
    }
    t.is(starved, calls, `${answers} answers`)
    t.alike(h.ends, [null])
  }
})
