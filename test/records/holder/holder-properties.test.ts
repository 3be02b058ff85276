/** What a holder takes in and shows, whatever comes in whatever order. */
import test from 'brittle'
import fc from 'fast-check'
import { type Assembly, Assemblies } from '../../../lib/records/holder/assemblies.js'
import { RenewalBudget } from '../../../lib/records/holder/renewal-budget.js'
import { servedRecord } from '../../../lib/records/holder/served-record.js'
import { entryOf } from '../entries.js'
import { holds } from '../../helpers/properties.js'

const MIB = 1024 * 1024

test('assemblies: no sequence of senders fills more than the limits, or loses count', (t) => {
  const step = fc.record({
    what: fc.constantFrom('open', 'open', 'open', 'touch', 'remove', 'store', 'get'),
    key: fc.nat(40),
    host: fc.constantFrom('a', 'b', 'c'),
    sizeBytes: fc.integer({ min: 1, max: 3 * MIB }),
    afterMs: fc.nat(6000),
  })
  holds(
    t,
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const assemblies = new Assemblies()
      const all = new Map<string, Assembly>()
      let now = 0
      for (const { what, key, host, sizeBytes, afterMs } of steps) {
        now += afterMs
        const name = String(key)
        const known = assemblies.get(name, now)
        if (what === 'open' && known === null) {
          const opened = assemblies.open(name, host, { sizeBytes } as never, now)
          if (opened !== null) all.set(name, opened)
        } else if (known !== null) {
          if (what === 'touch') assemblies.touch(known, now, now)
          else if (what === 'remove') assemblies.remove(known)
          else if (what === 'store') known.done = Promise.resolve()
        }
        for (const [each, assembly] of all) if (assemblies.get(each, now) !== assembly) all.delete(each)
        const sizes = [...all.values()].map(({ buffer }) => buffer.sizeBytes)
        const ofHost = [...all.values()].filter((each) => each.host === host).map(({ buffer }) => buffer.sizeBytes)
        if (sum(sizes) !== assemblies.bytes || sum(sizes) > 16 * MIB || sum(ofHost) > 8 * MIB) return false
      }
      return true
    }),
  )
})

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)

test('renewal budget: a host has a burst and a rate, whatever it asks for, and others are not concerned', (t) => {
  const step = fc.record({
    host: fc.constantFrom('a', 'b'),
    sizeBytes: fc.integer({ min: 1, max: 131_072 }),
    afterMs: fc.nat(20),
  })
  let refused = 0
  holds(
    t,
    fc.property(fc.array(step, { minLength: 2000, maxLength: 3000 }), (steps) => {
      const budget = new RenewalBudget()
      const taken = new Map<string, number>()
      let now = 5
      for (const { host, sizeBytes, afterMs } of steps) {
        now += host === 'a' ? 0 : afterMs
        const before = taken.get(host) ?? 0
        const most = 128 * MIB + ((now - 5) * 4 * MIB) / 1000
        const isTaken = budget.take(host, sizeBytes, now)
        if (isTaken) taken.set(host, before + sizeBytes)
        else refused++
        if (isTaken ? before + sizeBytes > most + 1 : before + sizeBytes < 128 * MIB) return false
      }
      return true
    }),
    { numRuns: 10 },
  )
  // One that asks for the longest segment all the time.
  const budget = new RenewalBudget()
  let count = 0
  for (let now = 0; now < 60_000; now += 2) if (budget.take('a', 131_072, now)) count++
  t.is(count, 1024 + 60 * 32 - 1)
  t.ok(budget.take('b', 131_072, 60_000))
})

test('served record: a value is shown while it lives, and never of what is no record', (t) => {
  const kind = fc.constantFrom('record', 'mutable', 'immutable', 'peer', 'chunk')
  const time = fc.nat(4_000_000_000_000)
  holds(
    t,
    fc.property(
      kind,
      time,
      fc.boolean(),
      fc.boolean(),
      fc.uint8Array({ maxLength: 200 }),
      (what, now, head, dead, proof) => {
        const entry = entryOf(1, { kind: what as 'record', tombstone: dead, proof })
        const served = servedRecord(entry, now, head)
        if (what !== 'record') return served === null
        // A proof that is none says nothing.
        if (served === null) return true
        return served.value === null || (!head && !dead && now < entry.expiresAtMs)
      },
    ),
  )
})
