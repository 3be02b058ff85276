/** Hyperswarm on HyperDHT on xorpc: peers find each other by a topic and talk. */
import { once } from 'node:events'
import test, { type Assert } from 'brittle'
import { type Engine, installation, PAIRS } from '../../bench/hyperdht/installation.js'
import { all, closing, HOST, mixed, say, shout, startSwarm, type Swarm } from './swarm.js'
import type { Hyperswarm, SecretStream } from '../../bench/hyperdht/packages.js'
import { until } from '../helpers/until.js'

async function createSwarm(t: Assert, engine: Engine, { bootstrap }: Swarm): Promise<Hyperswarm> {
  const { HyperDHT, Hyperswarm } = await installation(engine)
  const swarm = new Hyperswarm({ dht: new HyperDHT({ bootstrap, host: HOST }) })
  t.teardown(() => swarm.destroy())
  return swarm
}

/** What a swarm gets connected to next. */
async function nextConnection(swarm: Hyperswarm): Promise<SecretStream> {
  const [stream] = (await once(swarm, 'connection')) as [SecretStream]
  stream.on('error', () => {})
  return stream
}

for (const [server, client] of PAIRS) {
  test(`hyperswarm: ${client} finds ${server} by the topic, they talk, and leave`, async (t) => {
    const network = await startSwarm(t, mixed(8))
    const there = await createSwarm(t, server, network)
    const here = await createSwarm(t, client, network)
    const topic = Buffer.alloc(32, 'meeting')
    there.on('connection', shout)
    const accepted = nextConnection(there)
    await there.join(topic, { server: true, client: false }).flushed()

    const connected = nextConnection(here)
    here.join(topic, { server: false, client: true })
    await here.flush()
    const stream = await connected
    await accepted
    t.is(await say(stream, 'anybody there?'), 'ANYBODY THERE?')
    t.is(here.connections.size, 1)
    t.is(here.peers.size, 1)

    await there.leave(topic)
    await here.leave(topic)
    t.is(here.connections.size, 1, 'leaving keeps the connection')
    const late = await createSwarm(t, client, network)
    late.join(topic, { server: false, client: true })
    await late.flush()
    t.is(late.connections.size, 0, 'nobody is there any more')
  })
}

test('hyperswarm: five swarms on one topic are all connected, three of them on xorpc', async (t) => {
  const network = await startSwarm(t, mixed(8))
  const engines: Engine[] = ['xorpc', 'dht-rpc', 'xorpc', 'dht-rpc', 'xorpc']
  const swarms = await Promise.all(engines.map((engine) => createSwarm(t, engine, network)))
  const topic = Buffer.alloc(32, 'all of us')
  for (const swarm of swarms) swarm.on('connection', (stream: SecretStream) => stream.on('error', () => {}))
  for (const swarm of swarms) await swarm.join(topic).flushed()
  await until(() => swarms.every(({ peers }) => peers.size === 4), 'everybody knows everybody')
  await until(() => swarms.every(({ connections }) => connections.size >= 4), 'everybody is connected')
  t.ok(swarms.every(({ connections }) => connections.size >= 4))
})

test('hyperswarm: a swarm on xorpc is suspended, resumed, and found again', async (t) => {
  const network = await startSwarm(t, all('xorpc', 8))
  const there = await createSwarm(t, 'xorpc', network)
  const here = await createSwarm(t, 'xorpc', network)
  const topic = Buffer.alloc(32, 'asleep')
  there.on('connection', shout)
  await there.join(topic, { server: true, client: false }).flushed()
  const first = nextConnection(here)
  here.join(topic, { server: false, client: true })
  const lost = closing(await first)
  await there.suspend()
  await lost
  const second = nextConnection(here)
  await there.resume()
  t.is(await say(await second, 'awake?'), 'AWAKE?')
})
