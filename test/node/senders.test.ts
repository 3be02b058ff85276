import test from 'brittle'
import { Senders } from '../../lib/node/senders.js'
import { parseIPv4 } from '../../lib/primitives/address.js'
import { idFromIp, sameId } from '../../lib/primitives/id.js'

const IP = parseIPv4('127.0.0.1')

test('senders: an id is verified against the address, every time', (t) => {
  const senders = new Senders(() => null)
  for (let round = 0; round < 3; round++) {
    for (let port = 1; port <= 200; port++) {
      const id = idFromIp(IP, port)
      const verified = senders.identify(IP, port, id, 0)
      if (verified === null || !sameId(verified, id)) t.fail(`port ${port} in round ${round}`)
      if (senders.identify(IP, port, idFromIp(IP, port + 1), 0) !== null) t.fail(`false id of port ${port}`)
    }
  }
  t.pass('600 senders, more than are remembered')
})

test('senders: forgetting some leaves the others right', (t) => {
  const senders = new Senders(() => null)
  for (let port = 1; port <= 32; port++) senders.identify(IP, port, idFromIp(IP, port), 0)
  for (let port = 1; port <= 32; port += 3) senders.forget(IP * 65536 + port)
  for (let port = 33; port <= 40; port++) senders.identify(IP, port, idFromIp(IP, port), 0)
  for (let port = 1; port <= 40; port++) {
    const id = idFromIp(IP, port)
    if (!sameId(senders.identify(IP, port, id, 0)!, id)) t.fail(`port ${port}`)
    id[31]! ^= 1
    if (senders.identify(IP, port, id, 0) !== null) t.fail(`false id of port ${port}`)
  }
  t.pass('40 senders')
})

test('senders: a contact is known by its record, without a copy', (t) => {
  const id = idFromIp(IP, 1)
  const senders = new Senders(() => id)
  t.is(senders.identify(IP, 1, idFromIp(IP, 1), 0), id)
  t.is(senders.identify(IP, 1, idFromIp(IP, 2), 0), null)
})
