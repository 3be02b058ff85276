import test from 'brittle'
import fc from 'fast-check'
import { keptId } from '../../lib/routing/kept-id.js'
import { anyId } from '../helpers/contacts.js'
import { holds } from '../helpers/properties.js'

test('kept id: each is a copy, and stays what it is whatever is kept beside it', (t) => {
  holds(
    t,
    fc.property(fc.array(anyId(), { minLength: 1, maxLength: 200 }), (ids) => {
      const given = ids.map((id) => Uint8Array.from(id))
      const kept = given.map((id) => keptId(id))
      for (const id of given) id.fill(0)
      return kept.every((id, i) => id.length === 32 && id.join() === ids[i]!.join())
    }),
    { numRuns: 30 },
  )
})
