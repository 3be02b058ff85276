/** Suspending and resuming HyperDHT nodes that have servers and streams, on xorpc. */
import { once } from 'node:events'
import test, { type Assert } from 'brittle'
import { type Engine, PAIRS } from '../../bench/hyperdht/installation.js'
import { all, closing, collect, hangUp, mixed, say, shout, startNode, startSwarm } from './swarm.js'
import { until } from '../helpers/until.js'

/** A server `there`, a client `here`, and a stream between them. */
async function startPair(t: Assert, server: Engine, client: Engine) {
  const swarm = await startSwarm(t, mixed(8))
  const there = await startNode(t, server, swarm)
  const here = await startNode(t, client, swarm)
  const listener = there.createServer(shout)
  await listener.listen()
  const before = here.connect(listener.publicKey)
  await once(before, 'open')
  return { there, here, listener, before }
}

for (const [server, client] of PAIRS) {
  test(`hyperdht: a ${server} server is there again after suspend and resume, for ${client}`, async (t) => {
    const { there, here, listener, before } = await startPair(t, server, client)
    t.is(await say(before, 'before'), 'BEFORE')

    const lost = closing(before)
    await there.suspend()
    t.ok(there.suspended)
    before.destroy()
    await lost
    await there.resume()
    t.absent(there.suspended)

    const after = here.connect(listener.publicKey)
    await once(after, 'open')
    t.is(await say(after, 'after'), 'AFTER')
    await hangUp(after)
    await listener.close()
  })

  test(`hyperdht: a ${client} client connects again after suspend and resume, to ${server}`, async (t) => {
    const { here, listener, before } = await startPair(t, server, client)
    await hangUp(before)
    await here.suspend()
    await here.suspend()
    await here.resume()
    await here.resume()
    const after = here.connect(listener.publicKey)
    await once(after, 'open')
    t.is(await say(after, 'after'), 'AFTER')
    await hangUp(after)
    await listener.close()
  })
}

test('hyperdht: a node on xorpc keeps its port over a suspension, and learns its address anew', async (t) => {
  const swarm = await startSwarm(t, all('xorpc', 6))
  const there = await startNode(t, 'xorpc', swarm, { ephemeral: false, firewalled: false })
  const port = there.address().port
  await there.suspend()
  t.is(there.address().port, port, 'still told')
  await there.resume()
  t.is(there.address().port, port, 'and bound again')
  await until(() => there.remoteAddress() !== null, 'its address is known again')
  t.is(there.remoteAddress()?.port, port)
})

test('hyperdht: lookups that a suspension interrupts end, and throw nothing', async (t) => {
  const swarm = await startSwarm(t, all('xorpc', 6))
  const node = await startNode(t, 'xorpc', swarm)
  const looking = Array.from({ length: 8 }, (_, i) => collect(node.lookup(Buffer.alloc(32, i))))
  await node.suspend()
  const results = await Promise.all(looking)
  t.is(results.length, 8)
  await node.resume()
  await t.execution(collect(node.lookup(Buffer.alloc(32, 1))))
})

test('hyperdht: destroying a node with servers and streams settles, forced or not', async (t) => {
  for (const options of [undefined, { force: true }]) {
    const swarm = await startSwarm(t, mixed(6))
    const there = await startNode(t, 'xorpc', swarm)
    const here = await startNode(t, 'xorpc', swarm)
    const listener = there.createServer(shout)
    await listener.listen()
    const stream = here.connect(listener.publicKey)
    await once(stream, 'open')
    stream.on('error', () => {})
    await Promise.all([there.destroy(options), there.destroy(options), here.destroy(options)])
    t.ok(there.destroyed && here.destroyed)
  }
})
