import test from 'brittle'
import { listContacts, localAddress, remoteAddress } from '../../lib/node/addresses.js'
import type { Core } from '../../lib/node/core.js'
import { RecencyList } from '../../lib/routing/recency.js'
import type { NetworkInterface } from '../../lib/transport/contract.js'
import { contactOf, seededRandom } from '../helpers/contacts.js'
import { errorOf } from '../helpers/errors.js'

const LO: NetworkInterface = { name: 'lo', host: '127.0.0.1', family: 4, internal: true }
const ETH: NetworkInterface = { name: 'eth0', host: '192.168.1.7', family: 4, internal: false }
const WIFI: NetworkInterface = { name: 'en0', host: '10.0.0.9', family: 4, internal: false }
const SIX: NetworkInterface = { name: 'en0', host: 'fe80::1', family: 6, internal: false }

interface Shape {
  bindHost?: string
  bound?: boolean
  interfaces?: NetworkInterface[]
  host?: string | null
  port?: number
  firewalled?: boolean
}

function core(shape: Shape = {}): Core {
  const { bindHost = '0.0.0.0', bound = true, interfaces = [LO, ETH] } = shape
  const { host = '20.0.0.1', port = 4000, firewalled = false } = shape
  return {
    config: { host: bindHost },
    endpoint: { serverSocket: bound ? {} : null, serverPort: bound ? 4000 : 0 },
    transport: { networkInterfaces: () => interfaces },
    identity: { host, port, firewalled },
  } as unknown as Core
}

test('addresses: the local one is where we are bound, or the first external interface', (t) => {
  const rows: [Shape, string | null][] = [
    [{ bound: false }, null],
    [{}, ETH.host],
    [{ interfaces: [LO, ETH, SIX, WIFI] }, WIFI.host],
    [{ interfaces: [SIX, WIFI] }, WIFI.host],
    [{ interfaces: [LO, SIX] }, '127.0.0.1'],
    [{ interfaces: [] }, '127.0.0.1'],
    [{ bindHost: '127.0.0.1', interfaces: [WIFI] }, '127.0.0.1'],
    [{ bindHost: '192.168.1.8' }, '192.168.1.8'],
    [{ bindHost: '192.168.1.8', bound: false }, null],
  ]
  for (const [shape, host] of rows) {
    t.alike(localAddress(core(shape)), host === null ? null : { host, port: 4000 }, JSON.stringify(shape))
  }
})

test('addresses: the remote one is known, open, and of the server socket', (t) => {
  const rows: [Shape, boolean][] = [
    [{}, true],
    [{ host: null }, false],
    [{ port: 0 }, false],
    [{ port: 4001 }, false],
    [{ firewalled: true }, false],
    [{ bound: false }, false],
    [{ bound: false, port: 0 }, false],
  ]
  for (const [shape, known] of rows) {
    t.alike(remoteAddress(core(shape)), known ? { host: '20.0.0.1', port: 4000 } : null, JSON.stringify(shape))
  }
})

test('addresses: contacts are listed newest first, up to a limit', (t) => {
  const list = new RecencyList()
  const contacts = [0, 1, 2].map((i) => contactOf(seededRandom(i).bytes(32), i))
  for (const contact of contacts) list.touch(contact)
  const all = contacts.map(({ host, port }) => ({ host, port })).reverse()
  for (const [limit, expected] of [
    [Infinity, all],
    [5, all],
    [3, all],
    [1, all.slice(0, 1)],
    [0, []],
  ] as const) {
    t.alike(listContacts(list, limit), expected, String(limit))
  }
  for (const limit of [-1, 0.5, NaN, -Infinity]) t.ok(errorOf(() => listContacts(list, limit)) instanceof RangeError)
  t.ok(errorOf(() => listContacts(list, '1' as never)) instanceof TypeError)
})
