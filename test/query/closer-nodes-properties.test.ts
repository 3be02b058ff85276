/** Who may name whom, for all addresses: the table of closer-nodes.test.ts has the reasons. */
import test from 'brittle'
import fc from 'fast-check'
import { addressScope, type AddressScope } from '../../lib/primitives/address.js'
import { isNameable, nameableLevel } from '../../lib/query/closer-nodes.js'
import { holds } from '../helpers/properties.js'

const SCOPES: AddressScope[] = ['public', 'private', 'loopback']

/** Often one that is special. */
const ip = fc.oneof(
  fc.nat(0xffffffff),
  fc.constantFrom(0, 0x7f000001, 0x0a000001, 0xc0a80001, 0xac100001, 0xe0000001, 0xffffffff),
)

test('closer nodes: nobody names what can be no contact, or what is nearer home than itself and we are', (t) => {
  holds(
    t,
    fc.property(ip, fc.constantFrom(...SCOPES), ip, fc.nat(65_535), (replier, home, named, port) => {
      const scope = addressScope(named)
      const most = Math.max(SCOPES.indexOf(addressScope(replier)), SCOPES.indexOf(home))
      const may = port !== 0 && scope !== 'unusable' && SCOPES.indexOf(scope) <= most
      return isNameable(named, port, nameableLevel(replier, home)) === may
    }),
    { numRuns: 2000 },
  )
})
