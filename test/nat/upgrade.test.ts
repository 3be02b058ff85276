import test from 'brittle'
import * as fc from 'fast-check'
import { answersNeeded, isReachable, type ProbeResult, UpgradeSchedule } from '../../lib/nat/upgrade.js'
import { holds } from '../helpers/properties.js'

const MINUTE = 60_000
const STABLE = 20 * MINUTE

function create(forced: boolean, now = 0): UpgradeSchedule {
  return new UpgradeSchedule({ forced, stableAfterMs: STABLE, now })
}

test('upgrade: nothing is due while no consistent address is known', (t) => {
  for (const forced of [true, false]) {
    const schedule = create(forced)
    t.is(schedule.dueAt, Infinity)
    schedule.onAddress(1000, false)
    t.is(schedule.dueAt, Infinity)
  }
})

test('upgrade: an adaptive node waits until its address has been stable for 20 minutes', (t) => {
  const schedule = create(false)
  schedule.onAddress(100, true)
  t.is(schedule.dueAt, 100 + STABLE)
  schedule.onAddress(15 * MINUTE, true)
  t.is(schedule.dueAt, 35 * MINUTE, 'a change starts anew')
  schedule.onAddress(16 * MINUTE, false)
  t.is(schedule.dueAt, Infinity)
})

test('W-C17: an address that is learnt after 20 minutes is tried 20 minutes later, not 60', (t) => {
  const schedule = create(false)
  schedule.onAddress(25 * MINUTE, true)
  t.is(schedule.dueAt, 45 * MINUTE)
})

test('upgrade: a node that was told to be persistent tries as soon as it knows its address', (t) => {
  const schedule = create(true)
  schedule.onAddress(100, true)
  t.is(schedule.dueAt, 100)
})

test('W-C16: a node that was told to be persistent tries again and again, ever less often', (t) => {
  const schedule = create(true)
  schedule.onAddress(0, true)
  const waits: number[] = []
  let now = 0
  for (let i = 0; i < 8; i++) {
    schedule.onFailure(now)
    waits.push((schedule.dueAt - now) / 1000)
    now = schedule.dueAt
  }
  t.alike(waits, [30, 60, 120, 240, 480, 960, 1200, 1200])
  schedule.onAddress(now, true)
  t.is(schedule.dueAt, now, 'a new address is tried at once')
})

test('W-C18: an adaptive node that was found firewalled tries again after an hour', (t) => {
  const schedule = create(false)
  schedule.onAddress(0, true)
  schedule.onFailure(STABLE)
  t.is(schedule.dueAt, STABLE + 60 * MINUTE)
  schedule.onFailure(schedule.dueAt)
  t.is(schedule.dueAt, STABLE + 120 * MINUTE)
})

test('upgrade: after a wake-up the address has to be learnt again, and an adaptive node waits an hour', (t) => {
  const schedule = create(false)
  schedule.onAddress(0, true)
  schedule.onWakeup(MINUTE)
  t.is(schedule.dueAt, Infinity)
  schedule.onAddress(2 * MINUTE, true)
  t.is(schedule.dueAt, 61 * MINUTE)
  const forced = create(true)
  forced.onWakeup(MINUTE)
  forced.onAddress(2 * MINUTE, true)
  t.is(forced.dueAt, 2 * MINUTE)
})

test('upgrade: answers needed are 3 of 5, half of fewer, at least one', (t) => {
  t.alike([0, 1, 2, 3, 4, 5, 6].map(answersNeeded), [1, 1, 1, 2, 2, 3, 3])
})

test('W-S11: reachable takes enough answers, of one view, equal to what all others see and to the local port', (t) => {
  const good: ProbeResult = { asked: 5, reached: 3, host: '1.2.3.4', port: 5000 }
  t.ok(isReachable(good, '1.2.3.4', 5000))
  const rows: [string, Partial<ProbeResult>][] = [
    ['too few answers', { reached: 2 }],
    ['nobody asked', { asked: 0, reached: 0 }],
    ['views differ', { host: null, port: 0 }],
    ['another host', { host: '1.2.3.5' }],
    ['a mapped port', { port: 5001 }],
    ['port differs from peer to peer', { port: 0 }],
  ]
  for (const [why, change] of rows) t.absent(isReachable({ ...good, ...change }, '1.2.3.4', 5000), why)
})

test('upgrade: after any history an attempt is due only with an address, and never in the past of the waits', (t) => {
  const event = fc.record({
    type: fc.constantFrom('address', 'lost', 'failure', 'wakeup'),
    afterMs: fc.integer({ min: 0, max: 2 * STABLE }),
  })
  holds(
    t,
    fc.property(fc.boolean(), fc.array(event, { maxLength: 20 }), (forced, events) => {
      const schedule = create(forced)
      let now = 0
      let known = false
      for (const { type, afterMs } of events) {
        now += afterMs
        if (type === 'address' || type === 'lost') schedule.onAddress(now, type === 'address')
        else if (type === 'failure') schedule.onFailure(now)
        else schedule.onWakeup(now)
        if (type !== 'failure') known = type === 'address'
        if ((schedule.dueAt === Infinity) === known) return false
        if (!forced && schedule.dueAt < STABLE) return false
        if (type === 'failure' && schedule.dueAt <= now) return false
        if (!forced && type === 'address' && schedule.dueAt < now + STABLE) return false
      }
      return true
    }),
  )
})
