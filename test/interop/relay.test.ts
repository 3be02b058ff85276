/** `req.relay`: a asks b, b passes it on to c, c answers a. Every mixture of the two implementations. */
import b4a from 'b4a'
import test from 'brittle'
import type { Address, Node } from 'dht-rpc'
import type { Assert } from 'brittle'
import { addressOf, type Kind, startBootstrapper, startClient } from '../helpers/nodes.js'

const COMMAND = 7
const TARGET = b4a.alloc(32, 3)

const MIXTURES: readonly [Kind, Kind, Kind][] = [
  ['ours', 'theirs', 'theirs'],
  ['ours', 'theirs', 'ours'],
  ['ours', 'ours', 'theirs'],
  ['theirs', 'ours', 'theirs'],
  ['theirs', 'ours', 'ours'],
  ['theirs', 'theirs', 'ours'],
]

async function startThree(t: Assert, [asker, relay, answerer]: readonly [Kind, Kind, Kind], options = {}) {
  const b = await startBootstrapper(t, relay)
  const c = await startBootstrapper(t, answerer)
  const a = await startClient(t, asker, [b], options)
  const seen: { host: string; port: number; id: Uint8Array | null; tid: number; target: Uint8Array | null }[] = []
  // The one in the middle has to say who asked: the datagram it passes on comes from itself.
  b.on('request', (request) => request.relay(b4a.from(JSON.stringify(request.from)), addressOf(c)))
  c.on('request', (request) => {
    const asked = JSON.parse(b4a.toString(request.value!)) as Address
    seen.push({ ...request.from, tid: request.tid, target: request.target })
    request.reply(b4a.from('from c'), { to: { host: asked.host, port: asked.port } })
  })
  return { a, b, c, seen }
}

function ask(a: Node, b: Node, options: { relayed?: boolean; retry?: boolean }) {
  return a.request({ command: COMMAND, target: TARGET, value: b4a.from('question') }, addressOf(b), options)
}

for (const mixture of MIXTURES) {
  test(`interop: ${mixture.join(', ')}: a asks b, b relays to c, c answers a`, async (t) => {
    const { a, b, c, seen } = await startThree(t, mixture)
    const reply = await ask(a, b, { relayed: true })
    t.alike(reply.value, b4a.from('from c'))
    t.alike(reply.from, { id: c.id, ...addressOf(c) })
    t.is(reply.token!.length, 32)
    t.alike(seen, [{ id: b.id, ...addressOf(b), tid: reply.tid, target: TARGET }])
  })
}

test('interop: ours accepts relayed answers for all its requests with acceptRelayed', async (t) => {
  const { a, b, c } = await startThree(t, ['ours', 'theirs', 'theirs'], { acceptRelayed: true })
  const reply = await ask(a, b, {})
  t.alike(reply.from, { id: c.id, ...addressOf(c) })
})

test('interop: ours ignores a relayed answer that it did not expect', async (t) => {
  const { a, b, seen } = await startThree(t, ['ours', 'theirs', 'theirs'])
  await t.exception(ask(a, b, { retry: false }), /REQUEST_TIMEOUT/)
  t.is(seen.length, 1)
})
