import test from 'brittle'
import fc from 'fast-check'
import { TokenBucket } from '../../lib/primitives/token-bucket.js'
import { holds } from '../helpers/properties.js'

test('token bucket: a bucket gives its rate in the long run, and no more than its burst at once', (t) => {
  holds(
    t,
    fc.property(
      fc.integer({ min: 1, max: 1000 }),
      fc.array(fc.tuple(fc.nat(5000), fc.integer({ min: 1, max: 50 })), { maxLength: 200 }),
      (perSecond, steps) => {
        const bucket = new TokenBucket(perSecond, 0)
        let now = 0
        let taken = 0
        for (const [pauseMs, count] of steps) {
          now += pauseMs
          if (bucket.take(now, count)) taken += count
          if (taken > perSecond * 2 + (now * perSecond) / 1000 + 1e-6) return false
        }
        return true
      },
    ),
  )
  const bucket = new TokenBucket(10, 0)
  t.ok(bucket.take(0, 20))
  t.absent(bucket.take(0))
  t.absent(bucket.isFull(1999))
  t.ok(bucket.isFull(2000))
  t.ok(bucket.take(100))
  t.absent(bucket.take(50), 'time that goes backwards gives nothing')
  t.is(bucket.available(200), 1)
  t.is(bucket.available(200), 1, 'to look takes nothing')
  const free = new TokenBucket(Infinity, 0)
  t.ok(free.take(0, 1e12))
  t.is(free.available(0), Infinity)
})
