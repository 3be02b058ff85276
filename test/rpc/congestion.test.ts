import fc from 'fast-check'
import test from 'brittle'
import { CongestionWindow } from '../../lib/rpc/congestion.js'
import { holds } from '../helpers/properties.js'

test('window: is full at its size and has room again after a release', (t) => {
  const window = new CongestionWindow(2)
  window.acquire()
  t.absent(window.full)
  window.acquire()
  t.ok(window.full)
  t.is(window.inFlight, 2)
  window.release()
  t.absent(window.full)
})

test('window: what cannot wait goes beyond the limit and is counted', (t) => {
  const window = new CongestionWindow(1)
  window.acquire()
  window.acquire()
  window.acquire()
  t.is(window.inFlight, 3)
  window.release()
  t.ok(window.full, 'still above the limit')
})

test('window: a second release is an error, not a larger window', (t) => {
  const window = new CongestionWindow(4)
  window.acquire()
  window.release()
  void t.exception(() => window.release(), /release without acquire/)
  t.is(window.inFlight, 0)
})

test('window: equals acquired minus released, whatever the order', (t) => {
  const operation = fc.constantFrom('acquire', 'release')
  holds(
    t,
    fc.property(fc.integer({ min: 1, max: 8 }), fc.array(operation, { maxLength: 200 }), (size, operations) => {
      const window = new CongestionWindow(size)
      let expected = 0
      for (const name of operations) {
        if (name === 'release') {
          if (expected === 0) continue
          window.release()
          expected--
        } else {
          window.acquire()
          expected++
        }
        if (window.inFlight !== expected || window.full !== expected >= size) return false
      }
      return true
    }),
  )
})

test('window: sizes that are none are refused', (t) => {
  for (const size of [0, -1, 1.5, NaN]) void t.exception.all(() => new CongestionWindow(size), RangeError, String(size))
  t.absent(new CongestionWindow(Infinity).full)
})
