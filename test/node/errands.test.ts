import test from 'brittle'
import { Errands, type ErrandsHost } from '../../lib/node/errands.js'
import { DHTError } from '../../lib/primitives/errors.js'
import { idFromAddress } from '../../lib/primitives/id.js'
import { COMMAND } from '../../lib/wire/commands.js'
import { parseIPv4 } from '../../lib/primitives/address.js'
import { Harness, HOST, PORT } from '../rpc/client-harness.js'

const PLACE = { host: HOST, port: PORT }
const NODE = { ...PLACE, id: idFromAddress(HOST, PORT) }
const DEAD = { ip: parseIPv4('20.0.0.9'), port: 9 }

function create(hintsPerTick = 50) {
  const h = new Harness()
  const state = { closed: false, bound: true }
  const server = h.createSocket()
  const host: ErrandsHost = {
    isClosed: () => state.closed,
    client: () => h.client,
    sockets: () => (state.bound ? { client: h.socket, server, serverPort: 4660 } : null),
  }
  return { h, state, server, errands: new Errands(host, hintsPerTick) }
}

test('errands: a ping tells whether the node answered with its id', async (t) => {
  const { h, state, errands } = create()
  const outcomes: string[] = []
  const ping = () => errands.ping(NODE, (outcome) => void outcomes.push(outcome))
  ping()
  h.answer(h.last, { id: NODE.id })
  ping()
  h.answer(h.last)
  ping()
  await h.virtual.advance(20_000)
  ping()
  h.client.cancelAll(new DHTError('IO_SUSPENDED'))
  state.closed = true
  ping()
  t.alike(outcomes, ['answered', 'silent', 'silent', 'given-up', 'given-up'])
})

test('errands: whether anybody answers at an address', async (t) => {
  const { h, errands } = create()
  const first = errands.answers(PLACE)
  h.answer(h.last)
  t.is(await first, true)
  const second = errands.answers(PLACE)
  await h.virtual.advance(20_000)
  t.is(await second, false)
})

test('errands: a firewall probe leaves from the client socket and tells where its answer came in', async (t) => {
  const { h, server, state, errands } = create()
  const first = errands.pingNat(PLACE)
  t.is(h.last.socket, h.socket)
  t.is(h.last.request.command, COMMAND.PING_NAT)
  h.answer({ ...h.last, socket: server })
  t.is((await first)!.onServerSocket, true)
  const second = errands.pingNat(PLACE)
  h.answer(h.last)
  t.is((await second)!.onServerSocket, false)
  const third = errands.pingNat(PLACE)
  await h.virtual.advance(20_000)
  t.is(await third, null)
  state.bound = false
  t.is(await errands.pingNat(PLACE), null)
})

test('errands: down hints have a budget per tick', (t) => {
  for (const [limit, expected] of [
    [3, 3],
    [0, 0],
    [-1, 10],
  ] as const) {
    const { h, errands } = create(limit)
    for (let i = 0; i < 10; i++) errands.hint(PLACE, DEAD)
    t.is(h.sent.length, expected)
    errands.onTick()
    for (let i = 0; i < 10; i++) errands.hint(PLACE, DEAD)
    t.is(h.sent.length, 2 * expected)
  }
})

test('errands: a full queue breaks an errand off, and nothing else', async (t) => {
  const { h, errands } = create()
  h.outgoing = null
  for (let i = 0; i < 65536; i++) h.send()
  const outcomes: string[] = []
  errands.ping(NODE, (outcome) => void outcomes.push(outcome))
  errands.hint(PLACE, DEAD)
  t.alike(outcomes, ['given-up'])
  t.is(await errands.answers(PLACE), false)
})
