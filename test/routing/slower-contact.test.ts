import test from 'brittle'
import { createContact } from '../../lib/routing/contact.js'
import { slowerContact } from '../../lib/routing/maintenance.js'
import { idFromIp } from '../../lib/primitives/id.js'

/** A full bucket: ages and round trips, in the order of the bucket. */
function bucketOf(contacts: readonly [addedAt: number, rttMs: number][]) {
  return contacts.map(([now, rttMs], i) => {
    const ip = 20 * 2 ** 24 + 256 * i
    const contact = createContact({ id: idFromIp(ip, 1), port: 1, ip, now })
    contact.srttMs = rttMs
    return contact
  })
}

test('slower contact: the slowest of the younger half, where the newcomer is much quicker', (t) => {
  const bucket = bucketOf([
    [1, 900],
    [4, 100],
    [2, 800],
    [3, 200],
  ])
  t.is(slowerContact(bucket, 10), bucket[3], 'the older half stays, however slow')
  t.is(slowerContact(bucket, 159), bucket[3])
  t.is(slowerContact(bucket, 160), null, 'four fifths are not much quicker')
  t.is(slowerContact(bucket, NaN), null)
  t.is(slowerContact(bucketOf([[1, 5], [2, NaN]]), 1), null, 'unknown is not slow') // prettier-ignore
})

test('slower contact: half of the contacts stay also where all are of one age', (t) => {
  const bucket = bucketOf(Array.from({ length: 20 }, (_, i) => [5, 1000 - i]))
  let quicker = 500
  const replaced = new Set<unknown>()
  for (;;) {
    const slow = slowerContact(bucket, quicker)
    if (slow === null) break
    replaced.add(slow.host)
    slow.srttMs = NaN
    quicker--
  }
  t.is(replaced.size, 10)
})
