import test from 'brittle'
import fc from 'fast-check'
import { ReceiveCredit, SendCredit } from '../../../lib/transport/tunnel/credit.js'
import { holds } from '../../helpers/properties.js'

test('credit: nothing is sent beyond the window, and all of it again when it was consumed', (t) => {
  const credit = new SendCredit(1000)
  t.ok(credit.take(600))
  t.absent(credit.take(401))
  t.ok(credit.take(400))
  t.absent(credit.take(1))
  t.ok(credit.onConsumed(600))
  t.is(credit.onTheWay, 400)
  t.ok(credit.take(600))
})

test('credit: more than was sent, or less than before, was never consumed', (t) => {
  const credit = new SendCredit(1000)
  credit.take(500)
  t.absent(credit.onConsumed(501))
  t.ok(credit.onConsumed(300))
  t.absent(credit.onConsumed(299))
  t.ok(credit.onConsumed(300), 'the same again')
  t.is(credit.onTheWay, 200)
})

test('credit: it is told after a quarter of the window', (t) => {
  const credit = new ReceiveCredit(1000)
  credit.onConsumed(249)
  t.absent(credit.isDue)
  credit.onConsumed(1)
  t.ok(credit.isDue)
  t.is(credit.tell(), 250)
  t.absent(credit.isDue)
})

test('credit: both ends stay within the window beyond 2^32 bytes, in any order of events', (t) => {
  holds(
    t,
    fc.property(
      fc.array(fc.oneof(fc.constant('tell'), fc.integer({ min: 1, max: 60_000 })), { maxLength: 300 }),
      (steps) => {
        const window = 65_536
        const sender = new SendCredit(window)
        const receiver = new ReceiveCredit(window)
        // As after long use: both have counted nearly 2^32 bytes.
        const before = 2 ** 32 - 100_000
        for (let left = before; left > 0; left -= window) {
          const part = Math.min(left, window)
          if (!sender.take(part)) return false
          receiver.onConsumed(part)
          if (!sender.onConsumed(receiver.tell())) return false
        }
        let unread = 0
        for (const step of steps) {
          if (step === 'tell') {
            receiver.onConsumed(unread)
            unread = 0
            if (!sender.onConsumed(receiver.tell()) || sender.onTheWay !== 0) return false
          } else if (sender.take(step)) {
            unread += step
          }
          if (sender.onTheWay !== unread || unread > window) return false
        }
        return true
      },
    ),
    { numRuns: 20 },
  )
})
