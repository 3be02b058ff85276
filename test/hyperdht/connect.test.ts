/** Encrypted streams between two HyperDHT nodes of which one or both run on xorpc. */
import { once } from 'node:events'
import test from 'brittle'
import { type Engine, ENGINES, installation, PAIRS } from '../../bench/hyperdht/installation.js'
import { freePort } from '../helpers/nodes.js'
import { all, closing, hangUp, HOST, mixed, say, shout, startNode, startSwarm } from './swarm.js'
import type { SecretStream } from '../../bench/hyperdht/packages.js'

test('hyperdht: the installation runs it on this very class, and the other one does not', async (t) => {
  const { DHT } = await import('../../lib/dht-rpc/index.js')
  const ours = await installation('xorpc')
  const theirs = await installation('dht-rpc')
  t.is(Object.getPrototypeOf(ours.HyperDHT), DHT)
  t.is(ours.require('dht-rpc'), DHT)
  t.not(Object.getPrototypeOf(theirs.HyperDHT), DHT)
  t.alike(ours.HyperDHT.DEFAULTS, theirs.HyperDHT.DEFAULTS, 'with what it takes from the defaults of its base')
})

/** What a stream fails with. */
function failureOf(stream: SecretStream): Promise<Error & { code?: string }> {
  return new Promise((resolve) => stream.once('error', resolve))
}

for (const [server, client] of PAIRS) {
  test(`hyperdht: ${client} connects to ${server}, both ways encrypted`, async (t) => {
    const swarm = await startSwarm(t, mixed(6))
    const there = await startNode(t, server, swarm)
    const here = await startNode(t, client, swarm)
    const listener = there.createServer(shout)
    const connected = once(listener, 'connection')
    await listener.listen()

    const stream = here.connect(listener.publicKey)
    await once(stream, 'open')
    const [theirs] = (await connected) as [SecretStream]
    t.alike(stream.remotePublicKey, listener.publicKey)
    t.alike(theirs.remotePublicKey, here.defaultKeyPair.publicKey)
    t.alike(stream.handshakeHash, theirs.handshakeHash)
    t.is(await say(stream, 'hello'), 'HELLO')
    t.is(await say(stream, 'again'), 'AGAIN')
    await hangUp(stream)
    await listener.close()
  })
}

for (const engine of ENGINES) {
  test(`hyperdht: many megabytes go through a stream on ${engine} unchanged`, async (t) => {
    const swarm = await startSwarm(t, all(engine, 4))
    const there = await startNode(t, engine, swarm)
    const here = await startNode(t, engine, swarm)
    const listener = there.createServer((stream) => stream.on('error', () => {}).pipe(stream))
    await listener.listen()
    const stream = here.connect(listener.publicKey)
    const chunk = Buffer.alloc(64 * 1024, 'xorpc')
    const count = 48
    let received = 0
    let wrong = 0
    stream.on('data', (data: Buffer) => {
      for (let i = 0; i < data.length; i += 997) if (data[i] !== chunk[(received + i) % chunk.length]) wrong++
      received += data.length
    })
    const closed = closing(stream)
    for (let i = 0; i < count; i++) stream.write(chunk)
    stream.end()
    await closed
    t.is(received, count * chunk.length)
    t.is(wrong, 0)
    await listener.close()
  })
}

const HOLEPUNCH: [name: string, server: Engine, client: Engine][] = [
  ['both on xorpc', 'xorpc', 'xorpc'],
  ['the server on xorpc', 'xorpc', 'dht-rpc'],
  ['the client on xorpc', 'dht-rpc', 'xorpc'],
]

for (const [name, server, client] of HOLEPUNCH) {
  test(`hyperdht: two firewalled nodes punch holes, their handshakes relayed: ${name}`, async (t) => {
    const swarm = await startSwarm(t, mixed(14))
    // Without the quick test they stay behind the firewall that every node starts with.
    const behind = { quickFirewall: false, ephemeral: true }
    const there = await startNode(t, server, swarm, behind)
    const here = await startNode(t, client, swarm, behind)
    t.ok(there.firewalled && here.firewalled)
    const listener = there.createServer({ shareLocalAddress: false }, shout)
    await listener.listen()
    const stream = here.connect(listener.publicKey, { fastOpen: false, localConnection: false })
    await once(stream, 'open')
    t.is(await say(stream, 'through'), 'THROUGH')
    t.is(there.stats.punches.consistent, 1, 'the server punched')
    t.is(here.stats.punches.consistent, 1, 'the client punched')
    await hangUp(stream)
    await listener.close()
  })
}

test('hyperdht: a server on xorpc refuses whom its firewall refuses', async (t) => {
  const swarm = await startSwarm(t, mixed(6))
  const there = await startNode(t, 'xorpc', swarm)
  const here = await startNode(t, 'xorpc', swarm)
  const asked: Buffer[] = []
  const listener = there.createServer({
    firewall(publicKey) {
      asked.push(publicKey)
      return true
    },
  })
  listener.on('connection', () => t.fail('connected'))
  await listener.listen()
  const stream = here.connect(listener.publicKey)
  const error = await failureOf(stream)
  t.ok(error instanceof Error)
  t.alike(asked[0], here.defaultKeyPair.publicKey)
  await listener.close()
})

test('hyperdht: connecting to nobody fails', async (t) => {
  const swarm = await startSwarm(t, mixed(6))
  const here = await startNode(t, 'xorpc', swarm)
  const stream = here.connect(Buffer.alloc(32, 7))
  const error = await failureOf(stream)
  t.is(error.code, 'PEER_NOT_FOUND')
})

for (const [server, client] of PAIRS) {
  test(`hyperdht: a pool has one connection for two connects, ${client} to ${server}`, async (t) => {
    const swarm = await startSwarm(t, mixed(6))
    const there = await startNode(t, server, swarm)
    const here = await startNode(t, client, swarm)
    const listener = there.createServer(shout)
    await listener.listen()
    const pool = here.pool()
    const first = here.connect(listener.publicKey, { pool })
    const second = here.connect(listener.publicKey, { pool })
    t.is(second, first)
    await once(first, 'open')
    t.ok(pool.has(listener.publicKey))
    t.is(pool.get(listener.publicKey), first)
    t.is(await say(first, 'shared'), 'SHARED')
    await hangUp(first)
    t.absent(pool.has(listener.publicKey))
    await listener.close()
  })
}

test('hyperdht: a bootstrapper of HyperDHT on xorpc is one of its nodes, persistent at once', async (t) => {
  const port = await freePort()
  const { HyperDHT } = await installation('xorpc')
  const first = HyperDHT.bootstrapper(port, HOST, { host: HOST })
  t.teardown(() => first.destroy({ force: true }), { order: 3 })
  t.ok(first instanceof HyperDHT)
  await first.fullyBootstrapped()
  t.alike([first.host, first.port, first.ephemeral], [HOST, port, false])
  const there = await startNode(t, 'dht-rpc', { bootstrap: [{ host: HOST, port }] })
  const here = await startNode(t, 'xorpc', { bootstrap: [{ host: HOST, port }] })
  const listener = there.createServer(shout)
  await listener.listen()
  const stream = here.connect(listener.publicKey)
  await once(stream, 'open')
  t.is(await say(stream, 'alone with it'), 'ALONE WITH IT')
  await hangUp(stream)
  await listener.close()
})
