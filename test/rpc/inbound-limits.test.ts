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

/** Strangers, each another one, ask until they are turned away. */
function flood(limits: InboundLimits, now: number, first = 1000): number {
  let count = 0
  while (limits.admit(VICTIM + first + count, 43, now)) count++
  return count
}

test('limits: in a flood a token is worth a look, where it would let its host in', (t) => {
  const limits = new InboundLimits({ totalRequestsPerSecond: 100 })
  t.absent(limits.mayLook(VICTIM, 0), 'there is room for everybody')
  flood(limits, 0)
  t.absent(limits.admit(VICTIM, 43, 0))
  t.ok(limits.mayLook(VICTIM, 0))
  t.absent(limits.admit(VICTIM, 43, 0), 'a look alone lets nobody in')
  limits.prove(VICTIM, 0)
  t.absent(limits.mayLook(VICTIM, 0), 'it needs none')
  let count = 0
  while (limits.admit(VICTIM, 43, 0)) count++
  t.is(count, 25)
  t.absent(limits.mayLook(VICTIM + 1, 0), 'there is nothing to be let in to')
  t.ok(limits.mayLook(VICTIM + 1, 5, requestCost(true, COMMAND.PING)), 'but for half a request')
})

test('limits: a host beyond its own budget is not worth a look', (t) => {
  const limits = new InboundLimits({ requestsPerSecond: 1, totalRequestsPerSecond: 100 })
  for (let i = 0; i < 2; i++) t.ok(limits.admit(VICTIM, 43, 0))
  t.absent(limits.admit(VICTIM, 43, 0))
  t.absent(limits.mayLook(VICTIM, 0))
  flood(limits, 0)
  t.ok(limits.mayLook(VICTIM, 0), 'in a flood nobody knows its budget before')
  limits.prove(VICTIM, 0)
  t.absent(limits.admit(VICTIM, 43, 0), 'a proof does not fill it')
})

test('limits: so many looks a second as a tenth of all requests, and one where these are few', (t) => {
  const looks = (limits: InboundLimits, now: number): number => {
    let count = 0
    while (limits.mayLook(VICTIM + count, now)) count++
    return count
  }
  for (const [total, expected] of [
    [100, 10],
    [20_000, 2000],
    [4, 1],
  ] as const) {
    const limits = new InboundLimits({ totalRequestsPerSecond: total })
    flood(limits, 0)
    t.is(looks(limits, 0), expected)
    t.is(looks(limits, 0), 0)
    flood(limits, SECOND, 100_000)
    t.is(looks(limits, SECOND), expected)
    flood(limits, 90 * SECOND, 200_000)
    t.is(looks(limits, 90 * SECOND), expected, 'they do not pile up')
  }
})

test('limits: asking proves nothing, however often and however soon after a proof', (t) => {
  const limits = new InboundLimits({ totalRequestsPerSecond: 100, allowanceBytes: 1 })
  limits.prove(VICTIM, 0)
  for (let now = 0; now < 60 * SECOND; now += SECOND / 2) {
    flood(limits, now, now)
    t.ok(limits.admit(VICTIM, 1, now), `${now} ms`)
  }
  flood(limits, 60 * SECOND, 100_000)
  t.absent(limits.admit(VICTIM, 1, 60 * SECOND), 'no place in the quarter')
  t.absent(limits.release(VICTIM, 2048, 60 * SECOND), 'and no more bytes than any stranger')
})

test('limits: who proves itself again and again stays, whoever else does', (t) => {
  const limits = new InboundLimits({ allowanceBytes: 1 })
  let now = 0
  for (let host = 1; host <= 20_000; host++) {
    now += 10
    if (host % 100 === 1) {
      if (host > 1) t.ok(limits.release(VICTIM, 2048, now), `after ${host} others`)
      limits.prove(VICTIM, now)
    }
    limits.prove(VICTIM + host, now)
  }
  t.ok(limits.size <= 2 * 4096)
})

test('limits: no sequence lets an unproved host into the quarter, and a host in for a token without a look', (t) => {
  const step = fc.record({
    passedMs: fc.constantFrom(0, 0, 0, 10, 20, 30, 40_000),
    host: fc.nat(3),
    what: fc.constantFrom('ask', 'ping', 'flood', 'flood', 'token', 'token', 'answer'),
  })
  let fromQuarter = 0
  let byToken = 0
  holds(
    t,
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const limits = new InboundLimits({ totalRequestsPerSecond: 40 })
      const provedAt = [-Infinity, -Infinity, -Infinity, -Infinity]
      let now = 0
      let left = 40
      let looks = 0
      for (const { passedMs, host, what } of steps) {
        now += passedMs
        left = Math.min(40, left + (passedMs * 40) / 1000)
        const isProved = (): boolean => now < provedAt[host]! + 60 * SECOND
        const prove = (): void => {
          limits.prove(VICTIM + host, now)
          provedAt[host] = now
        }
        const ask = (cost: number): boolean => {
          const isIn = limits.admit(VICTIM + host, 43, now, cost)
          const mayBe = isProved() ? left >= cost - 1e-6 : left - cost >= 10 - 1e-6
          if (isIn && !mayBe) throw new Error(`let in with ${left} left`)
          if (isIn && left - cost < 10 - 1e-6) fromQuarter++
          if (isIn) left -= cost
          return isIn
        }
        if (what === 'ask') ask(1)
        if (what === 'ping') ask(0.5)
        if (what === 'flood') left -= flood(limits, now, 1000 * host)
        if (what === 'answer') prove()
        if (what === 'token' && !ask(1) && limits.mayLook(VICTIM + host, now)) {
          looks++
          if (isProved()) return false
          prove()
          if (ask(1)) byToken++
        }
        if (looks > 4 + (now * 4) / 1000 + 1e-6) return false
      }
      return true
    }),
  )
  t.ok(fromQuarter > 0 && byToken > 0, `${fromQuarter} from the quarter, ${byToken} of them by a token`)
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
