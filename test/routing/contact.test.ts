import test from 'brittle'
import { keyOf, parseIPv4 } from '../../lib/primitives/address.js'
import { idFromAddress, idPrefix } from '../../lib/primitives/id.js'
import { createContact } from '../../lib/routing/contact.js'
import { contactOf } from '../helpers/contacts.js'

test('contact: a fresh record derives prefix and key and is linked nowhere', (t) => {
  const id = idFromAddress('10.1.2.3', 4000)
  const contact = createContact({ id, port: 4000, ip: parseIPv4('10.1.2.3'), now: 7 })
  t.ok(Number.isNaN(contact.srttMs), 'its round-trip time is unknown')
  t.alike(
    { ...contact },
    {
      id,
      prefix: idPrefix(id),
      host: '10.1.2.3',
      port: 4000,
      ip: 0x0a010203,
      key: keyOf('10.1.2.3', 4000),
      to: null,
      addedAt: 7,
      pingedAt: 7,
      seenAt: 7,
      sampledAt: 0,
      downHints: 0,
      failures: 0,
      prev: null,
      next: null,
    },
  )
})

test('contact: keeps round-trip times to the microsecond', (t) => {
  const contact = contactOf(new Uint8Array(32), 1)
  contact.srttMs = 0.1234
  contact.rttvarMs = 12.3456
  t.alike([contact.srttMs, contact.rttvarMs], [0.123, 12.346])
  contact.srttMs = NaN
  t.ok(Number.isNaN(contact.srttMs))
})

test('contact: its id is a copy, its host that of its address', (t) => {
  const id = new Uint8Array(32).fill(9)
  const contacts = ['10.1.2.3', '10.1.2.4', '10.1.2.3'].map((host) =>
    createContact({ id, port: 1, ip: parseIPv4(host), now: 0 }),
  )
  id.fill(0)
  t.alike(
    contacts.map(({ host }) => host),
    ['10.1.2.3', '10.1.2.4', '10.1.2.3'],
  )
  for (const contact of contacts) t.is(contact.id[31], 9)
})
