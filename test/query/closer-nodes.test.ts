import test from 'brittle'
import { isNameable, nameableLevel } from '../../lib/query/closer-nodes.js'
import { CloserNodeList } from './closer-node-list.js'
import { parseIPv4 } from '../../lib/primitives/address.js'
import type { AddressScope } from '../../lib/primitives/address.js'

const PUBLIC = '8.8.8.8'
const PRIVATE = '192.168.1.5'
const LOOPBACK = '127.0.0.1'

const CASES: [replier: string, home: AddressScope, name: string, port: number, usable: boolean][] = [
  [PUBLIC, 'public', '9.9.9.9', 1, true],
  [PUBLIC, 'public', PRIVATE, 1, false],
  [PUBLIC, 'public', LOOPBACK, 1, false],
  [PRIVATE, 'public', '9.9.9.9', 1, true],
  [PRIVATE, 'public', '10.0.0.1', 1, true],
  [PRIVATE, 'public', LOOPBACK, 1, false],
  [LOOPBACK, 'public', '9.9.9.9', 1, true],
  [LOOPBACK, 'public', PRIVATE, 1, true],
  [LOOPBACK, 'public', '127.0.0.2', 1, true],
  [PUBLIC, 'private', PRIVATE, 1, true],
  [PUBLIC, 'private', LOOPBACK, 1, false],
  [PUBLIC, 'loopback', LOOPBACK, 1, true],
  [LOOPBACK, 'loopback', LOOPBACK, 0, false],
  [LOOPBACK, 'loopback', '0.0.0.0', 1, false],
  [LOOPBACK, 'loopback', '0.1.2.3', 1, false],
  [LOOPBACK, 'loopback', '224.0.0.1', 1, false],
  [LOOPBACK, 'loopback', '255.255.255.255', 1, false],
]

for (const [replier, home, name, port, usable] of CASES) {
  test(`closer nodes: ${replier} ${usable ? 'may' : 'may not'} name ${name}:${port} to who allows ${home}`, (t) => {
    t.is(isNameable(parseIPv4(name), port, nameableLevel(parseIPv4(replier), home)), usable)
  })
}

test('closer nodes: a list reads like a decoded reply', (t) => {
  const list = new CloserNodeList([
    { ip: 1, port: 2 },
    { ip: 3, port: 4 },
  ])
  t.alike([list.length, list.ipAt(0), list.portAt(0), list.ipAt(1), list.portAt(1)], [2, 1, 2, 3, 4])
})
