import test from 'brittle'
import { keyOf, parseIPv4 } from '../../lib/primitives/address.js'
import { idFromAddress, idPrefix } from '../../lib/primitives/id.js'
import { createContact } from '../../lib/routing/contact.js'

test('contact: a fresh record derives prefix and key and is linked nowhere', (t) => {
  const id = idFromAddress('10.1.2.3', 4000)
  const contact = createContact({ id, host: '10.1.2.3', port: 4000, ip: parseIPv4('10.1.2.3'), now: 7 })
  t.ok(Number.isNaN(contact.srttMs), 'its round-trip time is unknown')
  t.alike(
    { ...contact, srttMs: 0 },
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
      srttMs: 0,
      rttvarMs: 0,
      prev: null,
      next: null,
    },
  )
})
