import test from 'brittle'
import * as fc from 'fast-check'
import { createSystemRandom } from '../../lib/primitives/random.js'
import { TidTable } from '../../lib/rpc/tid-table.js'
import { holds } from '../helpers/properties.js'

test('tids: held by one at a time, found by number, and given back', (t) => {
  const command = fc.oneof(fc.constant('take'), fc.nat(400))
  holds(
    t,
    fc.property(fc.array(command, { maxLength: 400 }), (commands) => {
      const table = new TidTable<object>(createSystemRandom())
      const model = new Map<number, object>()
      for (const one of commands) {
        if (one === 'take') {
          const holder = {}
          const tid = table.take(holder)
          if (model.has(tid)) return false
          model.set(tid, holder)
        } else {
          const tid = [...model.keys()][one] ?? one
          model.delete(tid)
          table.release(tid)
        }
        if (table.size !== model.size) return false
      }
      for (let tid = 0; tid < 65_536; tid += 7) if (table.get(tid) !== (model.get(tid) ?? null)) return false
      return [...model].every(([tid, holder]) => table.get(tid) === holder)
    }),
    { numRuns: 50 },
  )
})

test('tids: all 65,536 can be held, and no more', (t) => {
  const table = new TidTable<number>(createSystemRandom())
  const seen = new Set<number>()
  for (let i = 0; i < 65_536; i++) seen.add(table.take(i))
  t.is(seen.size, 65_536)
  void t.exception(() => table.take(0), /All transaction ids are held/)
})

test('W-S2: tids: the next one cannot be told from those before', (t) => {
  const table = new TidTable<object>(createSystemRandom())
  const used = new Set<number>()
  let neighbours = 0
  let last = -2
  for (let i = 0; i < 20_000; i++) {
    const tid = table.take({})
    table.release(tid)
    used.add(tid)
    if (Math.abs(tid - last) === 1) neighbours++
    last = tid
  }
  t.ok(neighbours < 10, `${neighbours} of 20,000 were next to the one before`)
  // 20,000 draws of 65,536 leave 73.7 % unseen when they are uniform.
  t.ok(Math.abs(used.size - 17_200) < 400, `${used.size} different ones`)
})
