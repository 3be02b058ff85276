import test from 'brittle'
import * as fc from 'fast-check'
import { InboundLimits } from '../../lib/rpc/inbound-limits.js'

const VICTIM = 0x08080808
const SECOND = 1000

test('limits: a host gets two seconds of its request rate at once, and the rate from then on', (t) => {
  const limits = new InboundLimits({ requestsPerSecond: 10 })
  const admitted = (now: number): number => {
    let count = 0
    while (limits.admit(VICTIM, 43, now)) count++
    return count
  }
  t.is(admitted(0), 20)
  t.is(admitted(SECOND), 10)
  t.is(admitted(SECOND + 99), 0)
  t.is(admitted(60 * SECOND), 20, 'the budget does not pile up')
  t.ok(limits.admit(VICTIM + 1, 43, 60 * SECOND), 'another host has its own')
})

test('limits: W-S9: an unproved host gets three times what it sent, and the allowance', (t) => {
  const limits = new InboundLimits({ allowanceBytes: 1000 })
  limits.admit(VICTIM, 43, 0)
  t.ok(limits.release(VICTIM, 129, 0), 'three times 43')
  t.ok(limits.release(VICTIM, 1000, 0), 'the allowance')
  t.absent(limits.release(VICTIM, 1, 0), 'and no more')
  t.ok(limits.release(VICTIM, 100, SECOND), 'a tenth of the allowance comes back in a second')
  t.absent(limits.release(VICTIM, 1, SECOND))
})

test('limits: a host that proved itself gets everything, for a minute', (t) => {
  const limits = new InboundLimits({ allowanceBytes: 1 })
  limits.prove(VICTIM, 0)
  for (let i = 0; i < 100; i++) t.ok(limits.release(VICTIM, 2048, 59 * SECOND))
  t.absent(limits.release(VICTIM, 2048, 60 * SECOND))
})

test('limits: all unproved hosts together share one allowance a second', (t) => {
  const limits = new InboundLimits({ allowanceBytes: 1000, totalAllowanceBytes: 3000 })
  const released = (now: number): number => {
    let bytes = 0
    for (let host = 0; host < 10; host++) if (limits.release(VICTIM + host, 1000, now)) bytes += 1000
    return bytes
  }
  t.is(released(0), 3000)
  t.is(released(20 * SECOND), 3000)
})

test('limits: W-S8: the hosts remembered are bounded, whatever comes', (t) => {
  const limits = new InboundLimits()
  for (let ip = 0; ip < 10_000; ip++) limits.admit(ip, 11, 0)
  t.is(limits.size, 4096)
})

test('limits: no sequence sends an unproved host more than three times its bytes and the refilled allowance', (t) => {
  const step = fc.record({ sent: fc.nat(2048), reply: fc.nat(2048), passedMs: fc.nat(5000) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const limits = new InboundLimits({ allowanceBytes: 4096 })
      let now = 0
      let sent = 0
      let received = 0
      for (const { sent: bytes, reply, passedMs } of steps) {
        now += passedMs
        if (limits.admit(VICTIM, bytes, now)) sent += bytes
        if (limits.release(VICTIM, reply, now)) received += reply
        if (received > 3 * sent + 4096 + (now * 4096) / 10_000 + 1) return false
      }
      return true
    }),
  )
  t.pass('held for 100 random sequences')
})
