import test from 'brittle'
import * as fc from 'fast-check'
import { InboundLimits, requestCost } from '../../lib/rpc/inbound-limits.js'
import { COMMAND } from '../../lib/wire/commands.js'
import { holds } from '../helpers/properties.js'

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

test('limits: a ping takes half of what other requests take', (t) => {
  const costs = Object.values(COMMAND).map((command) => requestCost(true, command))
  t.alike(costs, [0.5, 0.5, 1, 1, 1])
  t.is(requestCost(false, COMMAND.PING), 1, 'a command of the application with the same number')
  const limits = new InboundLimits({ requestsPerSecond: 10 })
  let count = 0
  while (limits.admit(VICTIM, 43, 0, requestCost(true, COMMAND.PING))) count++
  t.is(count, 40)
})

test('limits: all hosts together have a budget, of which a quarter is for the proved', (t) => {
  const limits = new InboundLimits({ totalRequestsPerSecond: 100 })
  limits.prove(VICTIM, 0)
  const admitted = (now: number): number => {
    let count = 0
    for (let host = 1; host <= 1000; host++) if (limits.admit(VICTIM + host, 43, now)) count++
    return count
  }
  const ofProved = (now: number): number => {
    let count = 0
    while (limits.admit(VICTIM, 43, now)) count++
    return count
  }
  t.is(admitted(0), 75)
  t.is(limits.size, 76, 'who was not admitted is not remembered')
  t.is(ofProved(0), 25)
  t.is(ofProved(0), 0)
  t.is(admitted(SECOND / 4), 0, 'the quarter fills up first')
  t.is(admitted(SECOND / 2), 25)
  t.is(admitted(60 * SECOND), 75, 'the budget does not pile up')
})

test('limits: a refused request takes nothing from the budget of all', (t) => {
  const limits = new InboundLimits({ requestsPerSecond: 1, totalRequestsPerSecond: 100 })
  for (let i = 0; i < 1000; i++) limits.admit(VICTIM, 43, 0)
  let others = 0
  for (let host = 1; host <= 100; host++) if (limits.admit(VICTIM + host, 43, 0)) others++
  t.is(others, 73)
})

test('limits: a flood from many hosts does not make us forget who proved itself', (t) => {
  const limits = new InboundLimits({ allowanceBytes: 1 })
  for (let host = 0; host < 1000; host++) limits.prove(host, 0)
  let now = 0
  for (let ip = 100_000; ip < 150_000; ip++) limits.admit(ip, 11, (now += 0.1))
  t.is(limits.size, 1000 + 4096)
  let remembered = 0
  for (let host = 0; host < 1000; host++) if (limits.release(host, 2048, now)) remembered++
  t.is(remembered, 1000)
  for (let host = 0; host < 10_000; host++) limits.prove(200_000 + host, now)
  t.ok(limits.size <= 2 * 4096, 'bounded also where all are proved')
  t.ok(limits.release(200_000 + 9999, 2048, now))
  t.absent(limits.release(200_000, 2048, now), 'the oldest of them is')
})

test('limits: no sequence sends an unproved host more than three times its bytes and the refilled allowance', (t) => {
  const step = fc.record({ sent: fc.nat(2048), reply: fc.nat(2048), passedMs: fc.nat(5000) })
  holds(
    t,
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
})
