/** The class, its options and hooks, as HyperDHT needs them (and dht-rpc has them). */
import test from 'brittle'
import Default, { DHT } from '../../lib/dht-rpc/index.js'
import type { DHTEvents, Request } from '../../lib/dht-rpc/index.js'
import { createUdx } from '../../lib/transport/udp.js'
import { errorOf, rejectionOf } from '../helpers/errors.js'
import { freePort } from '../helpers/nodes.js'
import { addressOf, both, create, type DHTClass, HOST, start, startBootstrapper, startNetwork } from './engines.js'
import { startClient, startPersistent } from './engines.js'

const TARGET = Buffer.alloc(32, 5)

const FREE_FIELDS =
  'defaultKeyPair listening connectionKeepAlive rawStreams plugins _router _socketPool _persistent ' +
  '_validatedLocalAddresses _relayAddressesCache _deferRandomPunch _lastRandomPunch _connectable ' +
  '_randomPunchInterval _randomPunches _randomPunchLimit'

const FREE_METHODS =
  'connect createServer pool validateLocalAddresses findPeer lookup lookupAndUnannounce unannounce announce ' +
  'immutableGet immutablePut mutableGet mutablePut createRawStream _requestAnnounce _requestUnannounce register'

test('surface: require gives the class itself, and import the same one', async (t) => {
  // On its own, since it is CommonJS that asks.
  const asked = new URL('../../../test/bare/entries.cjs', import.meta.url)
  const { default: required } = (await import(asked.href)) as { default: { standIn: unknown; compat: unknown } }
  t.is(required.standIn, DHT)
  t.is(required.compat, DHT, 'in the place of the package dht-rpc')
  t.is(Default, DHT)
})

both('surface: static members', (t, Class) => {
  t.alike(Class.DEFAULTS, { concurrency: 10, maxWindow: 80, maxPingDelay: 10000 })
  t.alike([Class.OK, Class.ERROR_UNKNOWN_COMMAND, Class.ERROR_INVALID_TOKEN], [0, 1, 2])
  t.alike(
    ['keyPair', 'hash', 'connectRawStream', 'BOOTSTRAP', 'FIREWALL'].filter((name) => name in Class),
    [],
  )
})

const BAD_BOOTSTRAPPERS: [args: unknown[], message: string][] = [
  [[], 'Port is required'],
  [[0, HOST], 'Port is required'],
  [[1], 'Host is required'],
  [[1, '0.0.0.0'], 'Invalid host'],
  [[1, '::'], 'Invalid host'],
  [[1, 'localhost'], 'Host must be a IPv4 address'],
]

both('surface: bootstrapper says what it misses', (t, Class) => {
  for (const [args, message] of BAD_BOOTSTRAPPERS) {
    const error = errorOf(() => Class.bootstrapper(...(args as [number, string])))
    t.is(error?.message, message)
    // brittle's `exception`, which the packages' own tests use, does not take a TypeError.
    t.is(error?.constructor, Error)
  }
})

both(
  'surface: bootstrapper makes one of the class it is called on, with the options over its own',
  async (t, Class) => {
    class Mine extends Class {}
    const port = await freePort()
    const node = Mine.bootstrapper(port, HOST, { host: HOST, concurrency: 3, nodes: [{ host: HOST, port: 9 }] })
    t.teardown(() => node.destroy())
    t.ok(node instanceof Mine)
    t.alike([node.host, node.port, node.firewalled], [HOST, port, false], 'known at once')
    t.is(node.config.concurrency, 3)
    t.alike(node.toArray(), [{ host: HOST, port: 9 }])
    await node.fullyBootstrapped()
    t.is(node.ephemeral, false)
    t.is(addressOf(node).port, port)
    t.alike(node.remoteAddress(), { host: HOST, port })
  },
)

both('surface: it is an event emitter, and emit tells whether somebody listened', (t, Class) => {
  const node = create(t, Class)
  t.is(node.emit('wakeup'), false)
  let heard = 0
  const listener = () => heard++
  node.on('wakeup', listener)
  t.is(node.emit('wakeup'), true)
  node.removeListener('wakeup', listener)
  node.once('wakeup', listener)
  t.is(node.emit('wakeup'), true)
  t.is(node.emit('wakeup'), false)
  t.is(heard, 2)
})

both('surface: undefined means the default, and unknown options are left alone', async (t, Class) => {
  const names =
    'nodes port anyPort ephemeral firewalled quickFirewall filterNode addNode udx concurrency maxWindow maxPingDelay ' +
    'sendDownHints downHintsRateLimit adaptive adaptiveTimeout keyPair seed debug'
  const options = Object.fromEntries(names.split(' ').map((name) => [name, undefined]))
  const node = await start(t, Class, { ...options, ...({ experimental: 1 } as object) })
  t.is(node.firewalled, true)
  t.is(node.adaptive, true)
  t.alike(node.io.portRange, [0, 0])
  t.is(node.config.maxWindow, 80)
  t.is(node.config.sendDownHints, true)
  t.is(node.config.downHintsRateLimit, 50)
})

both('surface: all forms of bootstrap entries', async (t, Class) => {
  const parsed = (bootstrap: unknown) =>
    create(t, Class, { bootstrap: bootstrap as never, ephemeral: true }).bootstrapNodes
  t.alike(parsed(['127.0.0.1:1', `${HOST}@localhost:2`, 3, { host: HOST, port: 4 }]), [
    { host: HOST, port: 1 },
    { host: `${HOST}@localhost`, port: 2 },
    { host: HOST, port: 3 },
    { host: HOST, port: 4 },
  ])
  t.alike(parsed([]), [])
  t.alike(parsed(false), [])
  t.alike(parsed(undefined), [])
  const error = errorOf(() => parsed(['no port']))
  t.is(error?.message, 'Bootstrap node format is host:port')
  t.is(error?.constructor, Error)
})

both('surface: a node is an entry, its address read when it is needed', async (t, Class) => {
  const first = await startBootstrapper(t, Class)
  const second = await start(t, Class, { bootstrap: [first], ephemeral: false, firewalled: false })
  t.is(second.toArray().length, 1)
  t.alike(second.toArray()[0], addressOf(first))
})

both('surface: a suggested address saves asking for the name', async (t, Class) => {
  const first = await startBootstrapper(t, Class)
  const { port } = addressOf(first)
  const node = await start(t, Class, { bootstrap: [`${HOST}@name.invalid:${port}`] })
  t.alike(node.toArray(), [{ host: HOST, port }])
})

both('surface: nodes given are in the table at once, in their order', (t, Class) => {
  const nodes = [7, 8, 9].map((port) => ({ host: HOST, port }))
  const node = create(t, Class, { nodes })
  t.alike(node.toArray(), nodes)
  t.alike(node.toArray({ limit: 2 }), nodes.slice(0, 2))
  t.alike(node.toArray({ limit: 0 }), [])
  node.addNode({ host: HOST, port: 10 })
  t.alike(node.toArray({ limit: 1 }), [{ host: HOST, port: 10 }], 'the latest first')
})

both('surface: ports: one with four more, any, a range', async (t, Class) => {
  const port = await freePort()
  t.alike(create(t, Class, { port }).io.portRange, [port, port + 5])
  t.alike(create(t, Class, { port: 0 }).io.portRange, [0, 0])
  t.alike(create(t, Class, { port: [4000, 4010] }).io.portRange, [4000, 4010])
})

both('surface: a port that is taken gives way to another one', async (t, Class) => {
  const port = await freePort()
  const first = await start(t, Class, { port: [port, port + 1] })
  t.is(addressOf(first).port, port)
  const second = await start(t, Class, { port: [port, port + 1] })
  t.not(addressOf(second).port, port)
})

// Of ours alone: after a failed bind dht-rpc keeps the process alive for ever.
test('surface: a port that must be had and is taken rejects with the error of the system', async (t) => {
  const port = await freePort()
  await start(t, DHT, { port: [port, port + 1] })
  const node = create(t, DHT, { port: [port, port + 1], anyPort: false })
  t.is(((await rejectionOf(node.fullyBootstrapped())) as { code?: string } | null)?.code, 'EADDRINUSE')
  t.is(((await rejectionOf(node.bind())) as { code?: string } | null)?.code, 'EADDRINUSE')
})

both('surface: ephemeral as a boolean fixes it, else the node adapts', async (t, Class) => {
  t.is(create(t, Class, { ephemeral: true }).adaptive, false)
  t.is(create(t, Class, { ephemeral: false }).adaptive, false)
  t.is(create(t, Class).adaptive, true)
  t.is(create(t, Class, { adaptive: false }).adaptive, false)
  const first = await startBootstrapper(t, Class)
  const persistent = await startPersistent(t, Class, first)
  t.is(persistent.ephemeral, false)
  t.is((await startClient(t, Class, first, { firewalled: false })).ephemeral, true)
})

both('surface: firewalled says which socket requests leave from', async (t, Class) => {
  const closed = await start(t, Class)
  t.is(closed.socket, closed.io.clientSocket)
  const open = await start(t, Class, { firewalled: false })
  t.is(open.socket, open.io.serverSocket)
})

both('surface: filterNode judges senders and nodes that are named', async (t, Class) => {
  const nodes = await startNetwork(t, Class, 4)
  for (const option of ['filterNode', 'addNode'] as const) {
    const asked: { id: unknown; host: string; port: number }[] = []
    const banned = addressOf(nodes[2]!).port
    const node = await startClient(t, Class, nodes[0]!, {
      [option](to: { id: Uint8Array; host: string; port: number }) {
        asked.push(to)
        return to.port !== banned
      },
    })
    await node.findNode(TARGET).finished()
    t.ok(asked.length > 0)
    t.ok(asked.every(({ id, host, port }) => Buffer.isBuffer(id) && host === HOST && port > 0))
    t.ok(asked.some(({ port }) => port === banned))
    t.absent(
      node.toArray().some(({ port }) => port === banned),
      'not in the table',
    )
    const query = node.findNode(TARGET)
    await query.finished()
    t.absent(
      query.closestNodes.some(({ port }) => port === banned),
      'not in results',
    )
  }
})

both('surface: a shared UDX instance is the one in use', async (t, Class) => {
  const udx = createUdx()
  const node = await start(t, Class, { udx })
  t.is(node.udx, udx)
  for (const socket of [node.io.serverSocket, node.io.clientSocket]) {
    t.is((socket as unknown as { udx: unknown }).udx, udx)
  }
})

both('surface: each node has a UDX instance of its own, so that their streams do not collide', async (t, Class) => {
  const [a, b] = [await start(t, Class), await start(t, Class)]
  t.not(a.udx, b.udx)
  const streams = [a, b].map(({ udx }) => (udx as { createStream(id: number): { destroy(): void } }).createStream(1))
  t.is(streams.length, 2)
  for (const stream of streams) stream.destroy()
})

both('surface: onrequest is looked up when a request comes; false is answered with error 1', async (t, Class) => {
  const answers = async (onrequest: ((req: Request) => unknown) | null, target?: Uint8Array) => {
    if (onrequest) nodes[1]!.onrequest = onrequest
    return asker.request({ command: 7, ...(target && { target }) }, addressOf(nodes[1]!), { retry: false })
  }
  const nodes = await startNetwork(t, Class, 3)
  const asker = await startClient(t, Class, nodes[0]!)
  t.is((await answers(null)).error, 1, 'nobody listens')
  const refused = await answers(() => false, TARGET)
  t.alike([refused.error, refused.value, refused.token], [1, null, null])
  t.ok(refused.closerNodes!.length > 0, 'with nodes closer to the target')
  t.is((await answers(() => false)).closerNodes, null, 'or without, where there is none')
  const silent = await rejectionOf(answers(() => undefined))
  t.is((silent as { code?: string } | null)?.code, 'REQUEST_TIMEOUT', 'undefined: the hook saw to it')
  const reply = await answers((req) => (req.reply(Buffer.from('mine')), true))
  t.alike([reply.error, reply.value], [0, Buffer.from('mine')])
})

both(
  'surface: onrequest of a subclass is called without super, and only for requests of the application',
  async (t, Class) => {
    const commands: number[] = []
    class Mine extends Class {
      override onrequest(req: Request): boolean {
        commands.push(req.command)
        req.reply(null)
        return true
      }
    }
    const nodes = await startNetwork(t, Class, 2)
    const mine = await startPersistent(t, Mine, nodes[0]!)
    mine.on('request', () => t.fail('the event belongs to the base'))
    await nodes[1]!.ping(addressOf(mine))
    await nodes[1]!.findNode(TARGET).finished()
    t.alike(commands, [])
    t.is((await nodes[1]!.request({ command: 12 }, addressOf(mine))).error, 0)
    t.alike(commands, [12])
  },
)

both('surface: the default onrequest emits request, and returns what emit does', (t, Class) => {
  const node = create(t, Class)
  t.is(node.onrequest(null as never), false)
  let heard = 0
  node.on('request', () => void heard++)
  t.is(node.onrequest(null as never), true)
  t.is(heard, 1)
})

both('surface: suspend, resume and destroy are async methods of the prototype that take anything', async (t, Class) => {
  const own = ['suspend', 'resume', 'destroy'].filter(
    (name) => typeof Class.prototype[name as 'destroy'] === 'function',
  )
  t.is(own.length, 3)
  const node = await start(t, Class)
  for (const call of [node.suspend({ log() {} }), node.suspend(), node.resume({ log() {} }), node.resume()]) {
    t.ok(call instanceof Promise)
    await call
  }
  await node.destroy({ force: true })
})

both('surface: stats can be replaced by a shallow copy, and goes on counting', async (t, Class) => {
  const nodes = await startNetwork(t, Class, 2)
  const node = await startClient(t, Class, nodes[0]!)
  node.stats = { punches: { open: 0 }, ...node.stats } as never
  const { stats } = node
  t.ok(Object.keys(stats).includes('requests') && Object.keys(stats).includes('punches'))
  const before = structuredClone(stats)
  await node.ping(addressOf(nodes[1]!))
  await node.findNode(TARGET).finished()
  t.is(node.stats, stats)
  t.ok(stats.requests.total >= before.requests.total + 2)
  t.ok(stats.requests.responses >= before.requests.responses + 2)
  t.is(stats.queries.total, before.queries.total + 1)
  t.is(stats.commands.ping.tx, before.commands.ping.tx + 1)
  t.is(stats.commands.ping.rx, before.commands.ping.rx + 1)
  t.ok(stats.commands.findNode.tx > before.commands.findNode.tx)
  const numbers = Object.values(stats).filter((value) => typeof value === 'number')
  t.alike(numbers, [], 'no counters on it directly')
})

both('surface: config shows fields that only HyperDHT sets', (t, Class) => {
  const node = create(t, Class, { concurrency: 12, maxWindow: 99, sendDownHints: false, downHintsRateLimit: 3 })
  const expected = { concurrency: 12, maxWindow: 99, sendDownHints: false, downHintsRateLimit: 3 }
  t.alike(node.config, { ...expected, randomPunchInterval: undefined, connectionKeepAlive: undefined })
  Object.assign(node, { _randomPunchInterval: 20, connectionKeepAlive: 30 })
  t.alike(node.config, { ...expected, randomPunchInterval: 20, connectionKeepAlive: 30 })
})

both('surface: names that HyperDHT uses are free, before and after joining', async (t, Class) => {
  const names = `${FREE_FIELDS} ${FREE_METHODS}`.split(' ')
  const node = create(t, Class, { ephemeral: false })
  const taken = () => names.filter((name) => name in node)
  t.alike(taken(), [])
  await node.fullyBootstrapped()
  t.alike(taken(), [])
})

both(
  'surface: nothing is emitted and no hook called before the constructor of a subclass returned',
  async (t, Class) => {
    const first = await startBootstrapper(t, Class)
    const early: string[] = []
    const late: string[] = []
    class Mine extends Class {
      readonly constructed: boolean = true

      override emit<E extends keyof DHTEvents>(event: E, ...args: DHTEvents[E]): boolean {
        ;(this.constructed ? late : early).push(event)
        return super.emit(event, ...args)
      }
    }
    const options = { bootstrap: [addressOf(first)], host: HOST, nodes: [{ host: HOST, port: 9 }] }
    const node = new Mine(options)
    t.teardown(() => node.destroy())
    t.alike(early, ['add-node'], 'but for the nodes given')
    t.alike(late, [])
    t.is(node.io.serverSocket, null, 'not bound either')
    await node.fullyBootstrapped()
    t.is(late[0], 'listening')
    t.ok(late.includes('ready'))
  },
)

both('surface: a session pings by the method of the node, whoever replaced it', async (t, Class) => {
  const first = await startBootstrapper(t, Class)
  const node = await startClient(t, Class, first)
  const ping = node.ping.bind(node)
  let calls = 0
  node.ping = (...args) => {
    calls++
    return ping(...args)
  }
  await node.session().ping(addressOf(first))
  t.is(calls, 1)
})

test('surface: no option that dht-rpc takes without a word makes ours throw', async (t) => {
  const odd: object[] = [
    { bootstrap: null, nodes: null, port: null, host: null, udx: null, filterNode: null },
    { adaptiveTimeout: { maxSize: 10, maxAge: 1000, min: 300, max: 4000, jitter: 256, fallback: [1] } },
    { adaptiveTimeout: { min: 500, max: 100 } },
    { adaptiveTimeout: false },
    { maxWindow: 100_000 },
    { firewalled: 0, quickFirewall: 1, ephemeral: 1, sendDownHints: '' },
    { nodes: [{ host: 'name', port: 1 }, { host: HOST, port: 0 }, null, { host: HOST, port: 9 }] },
  ]
  for (const options of odd) {
    const node: InstanceType<DHTClass> = new DHT({ bootstrap: [], host: HOST, ...options })
    await node.destroy()
    t.pass(JSON.stringify(options))
  }
})
