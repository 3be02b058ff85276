/** A network of real nodes that starts whole or not at all, and leaves nothing behind. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import test, { type Assert } from 'brittle'
import TheirDHT from 'dht-rpc'
import NativeUDX from 'udx-native'
import { DHT, DHTError, type DHTOptions, type Udx } from '../../index.js'
import { sameId } from '../../lib/primitives/id.js'
import { createTestnet, type Testnet, type TestnetOptions } from '../../lib/testnet/index.js'
import { freePort, HOST } from '../helpers/nodes.js'
import { errorOf } from '../helpers/errors.js'
import { trueClosest } from '../network/simulated.js'

const TIMEOUT = { timeout: 60_000 }

const UDX = NativeUDX as new () => Udx

class NamedNode extends DHT {
  readonly label: string

  constructor(label: string, options: DHTOptions) {
    super(options)
    this.label = label
  }
}

/** A network that is gone when the test is over. */
function start<T extends DHT = DHT>(t: Assert, size: number, options: TestnetOptions<T> = {}): Promise<Testnet<T>> {
  return createTestnet(size, { teardown: t.teardown, ...options })
}

/** Makes nodes and remembers them. */
function recorder(): { made: DHT[]; create: (options: DHTOptions) => DHT } {
  const made: DHT[] = []
  const create = (options: DHTOptions): DHT => {
    const node = new DHT(options)
    made.push(node)
    return node
  }
  return { made, create }
}

/** Whether the port can be bound now. */
async function isFree(port: number): Promise<boolean> {
  const socket = createSocket('udp4')
  try {
    socket.bind(port, HOST)
    await once(socket, 'listening')
    socket.close()
    return true
  } catch {
    return false
  }
}

for (const size of [1, 2, 3, 4, 30]) {
  test(`testnet: ${size} nodes, all joined and persistent`, TIMEOUT, async (t) => {
    const { nodes, bootstrapper, bootstrap } = await start(t, size)
    t.is(nodes.length, size)
    t.is(nodes[0], bootstrapper)
    t.alike(bootstrap, [{ host: HOST, port: bootstrapper.port }])
    t.is(bootstrapper.address()!.port, bootstrapper.port, 'and that is the port it is bound to')
    for (const node of nodes) {
      t.ok(node.bootstrapped && !node.ephemeral, 'joined')
      t.is(node.host, HOST)
      t.is(node.serverSocket!.address()!.host, HOST, 'bound to the loopback interface')
    }
  })
}

test('testnet: ten nodes by default, on a port that systems do not give away', TIMEOUT, async (t) => {
  const testnet = await createTestnet()
  t.teardown(() => testnet.destroy())
  t.is(testnet.nodes.length, 10)
  const { port } = testnet.bootstrapper
  t.ok(port >= 20_000 && port < 32_000, `${port}`)
})

test('testnet: a node from outside joins through it, and finds the true closest', TIMEOUT, async (t) => {
  const { nodes, bootstrap } = await start(t, 30)
  const node = new DHT({ host: HOST, bootstrap })
  t.teardown(() => node.destroy())
  await node.fullyBootstrapped()
  const target = nodes[7]!.id!
  const query = node.findNode(target)
  await query.finished()
  const expected = trueClosest(nodes, target, node)
  t.is(query.closestNodes.length, expected.length)
  t.ok(query.closestNodes.every(({ id }, i) => sameId(id!, expected[i]!.id!)))
})

test('testnet: an application that binds to all interfaces joins too, and nodes of dht-rpc', TIMEOUT, async (t) => {
  const { bootstrapper, bootstrap } = await start(t, 5)
  const node = new DHT({ bootstrap })
  t.teardown(() => node.destroy())
  await node.fullyBootstrapped()
  t.is((await node.ping(bootstrapper)).error, 0)
  t.is(node.nodes.length, 5)
  const their = new TheirDHT({ bootstrap, host: HOST })
  t.teardown(() => their.destroy())
  await their.fullyBootstrapped()
  t.is((await their.ping(bootstrap[0]!)).error, 0)
})

test('testnet: networks side by side do not meet', TIMEOUT, async (t) => {
  const networks = await Promise.all([start(t, 8), start(t, 8), start(t, 8)])
  t.is(new Set(networks.map(({ bootstrapper }) => bootstrapper.port)).size, 3)
  for (const { nodes } of networks) {
    const ports = new Set(nodes.map(({ port }) => port))
    const strangers = nodes.flatMap((node) => node.toArray()).filter(({ port }) => !ports.has(port))
    t.alike(strangers, [])
  }
})

test('testnet: createNode makes one more, which has joined', TIMEOUT, async (t) => {
  const { nodes, createNode, destroy, bootstrap } = await start(t, 5, { node: { concurrency: 7 } })
  const node = await createNode()
  t.is(nodes.at(-1), node)
  t.ok(node.bootstrapped && !node.ephemeral)
  t.is(node.config.concurrency, 7, 'options of the network')
  const client = await createNode({ ephemeral: true, concurrency: 3 })
  t.ok(client.ephemeral)
  t.is(client.config.concurrency, 3, 'its own go first')
  t.is(client.bootstrapNodes[0]!.port, bootstrap[0]!.port)
  t.is(nodes.length, 7)
  await destroy()
  t.ok(node.destroyed && client.destroyed)
})

test('testnet: createNode that fails leaves no node', TIMEOUT, async (t) => {
  const { made, create } = recorder()
  const { nodes, createNode, bootstrapper } = await start(t, 2, { create })
  t.ok(errorOf(() => void createNode({ port: -1 })) instanceof RangeError, 'what is wrong at the call throws there')
  t.ok(errorOf(() => void createNode({}, { deadlineMs: -1 })) instanceof RangeError)
  t.is(made.length, 2)

  const taken = bootstrapper.port
  await t.exception(createNode({ port: [taken, taken + 1], anyPort: false }), { code: 'BIND_FAILED' })
  await t.exception(createNode({}, { signal: AbortSignal.abort(new Error('not today')) }), /not today/)
  t.is(made.length, 4)
  t.ok(made.slice(2).every((node) => node.destroyed))
  t.is(nodes.length, 2)
  t.ok(
    nodes.every((node) => !node.destroyed),
    'the others live',
  )
})

test('testnet: destroy ends all nodes, also those on their way in', TIMEOUT, async (t) => {
  const { made, create } = recorder()
  const testnet = await start(t, 4, { create })
  const { port } = testnet.bootstrapper
  const joining = testnet.createNode()
  void t.exception(joining, { code: 'NODE_DESTROYED' })
  await testnet.nodes[1]!.destroy()
  t.is(testnet.destroy(), testnet.destroy(), 'idempotent')
  await testnet.destroy()
  await joining.catch(() => {})
  t.is(made.length, 5)
  t.ok(made.every((node) => node.destroyed))
  t.ok(await isFree(port), 'its port is free again')
  const late = errorOf(() => void testnet.createNode())
  t.ok(late instanceof DHTError && late.code === 'NODE_DESTROYED', 'and there will be no other')
  t.is(made.length, 5)
})

test('testnet: Symbol.asyncDispose destroys', TIMEOUT, async (t) => {
  const { made, create } = recorder()
  {
    await using testnet = await createTestnet(2, { create })
    t.absent(testnet.bootstrapper.destroyed)
  }
  t.ok(made.length === 2 && made.every((node) => node.destroyed))
})

test('testnet: teardown is called at once, with what destroys it', TIMEOUT, async (t) => {
  const hooks: (() => Promise<void>)[] = []
  const starting = createTestnet(3, { teardown: (destroy) => hooks.push(destroy) })
  t.is(hooks.length, 1)
  const testnet = await starting
  await hooks[0]!()
  t.ok(testnet.nodes.every((node) => node.destroyed))
})

test('testnet: destroyed while it starts, it fails to start', TIMEOUT, async (t) => {
  const { made, create } = recorder()
  let destroy = async (): Promise<void> => {}
  const starting = createTestnet(20, {
    concurrency: 3,
    create: (options) => {
      const node = create(options)
      if (made.length === 6) void node.once('ready', () => destroy())
      return node
    },
    teardown: (hook) => (destroy = hook),
  })
  await t.exception(starting, { code: 'NODE_DESTROYED' })
  t.ok(made.length >= 6 && made.length < 20, `${made.length} nodes were made`)
  t.ok(made.every((node) => node.destroyed))
})

test('testnet: when create throws, what was started is destroyed', TIMEOUT, async (t) => {
  for (const healthy of [0, 1, 5]) {
    const { made, create } = recorder()
    const failing = (options: DHTOptions): DHT => {
      if (made.length === healthy) throw new Error('no disk')
      return create(options)
    }
    await t.exception(createTestnet(8, { create: failing, concurrency: 3 }), /no disk/)
    t.is(made.length, healthy)
    t.ok(
      made.every((node) => node.destroyed),
      `after ${healthy}`,
    )
  }
})

test('testnet: a signal ends the start', TIMEOUT, async (t) => {
  const early = recorder()
  const aborted = AbortSignal.abort(new Error('too late'))
  await t.exception(createTestnet(3, { create: early.create, signal: aborted }), /too late/)
  t.is(early.made.length, 0, 'nothing was started')

  const first = recorder()
  const atOnce = new AbortController()
  const stoppingAtOnce = (options: DHTOptions): DHT => {
    atOnce.abort(new Error('never mind'))
    return first.create(options)
  }
  await t.exception(createTestnet(3, { create: stoppingAtOnce, signal: atOnce.signal }), /never mind/)
  t.is(first.made.length, 1, 'no other port is tried')

  const { made, create } = recorder()
  const controller = new AbortController()
  const stopping = (options: DHTOptions): DHT => {
    if (made.length === 5) controller.abort(new Error('enough'))
    return create(options)
  }
  await t.exception(createTestnet(20, { create: stopping, signal: controller.signal }), /enough/)
  t.ok(made.length < 20)
  t.ok(made.every((node) => node.destroyed))

  const living = new AbortController()
  const { nodes } = await start(t, 2, { signal: living.signal })
  living.abort()
  t.ok(
    nodes.every((node) => !node.destroyed),
    'once it runs, the signal says nothing',
  )
})

test('testnet: create makes every node, of whatever class, before it joins', TIMEOUT, async (t) => {
  let count = 0
  const { nodes, bootstrapper, createNode } = await start(t, 4, {
    create: (options) => {
      const node = new NamedNode(`node ${count++}`, options)
      node.on('request', (req) => req.reply(Buffer.from(node.label)))
      return node
    },
  })
  const last: NamedNode = await createNode()
  t.alike(
    nodes.map((node) => node.label),
    ['node 0', 'node 1', 'node 2', 'node 3', 'node 4'],
  )
  t.ok(bootstrapper instanceof NamedNode)
  const reply = await last.request({ command: 0 }, bootstrapper)
  t.is(Buffer.from(reply.value!).toString(), 'node 0')
})

test('testnet: create must return a node with the options that it got', TIMEOUT, async (t) => {
  await t.exception.all(createTestnet(2, { create: () => ({}) as DHT }), /create must return a DHT, got {}/)
  const { made, create } = recorder()
  const careless = (): DHT => create({ host: HOST })
  await t.exception.all(createTestnet(2, { create: careless }), /create must pass its options on/)
  t.ok(made.every((node) => node.destroyed))
})

test('testnet: the bootstrapper takes the port wanted, or fails', TIMEOUT, async (t) => {
  const port = await freePort()
  const first = await start(t, 2, { port })
  t.is(first.bootstrapper.port, port)
  const { made, create } = recorder()
  await t.exception(createTestnet(2, { port, create }), { code: 'BIND_FAILED' })
  t.is(made.length, 1, 'and tries no other')
  t.ok(made[0]!.destroyed)
})

test('testnet: a taken port is left to who has it, and another one tried', TIMEOUT, async (t) => {
  const { made, create } = recorder()
  // The port that is drawn cannot be known, so the first three nodes get one that is taken.
  const holder = await start(t, 1)
  const { port } = holder.bootstrapper
  const unlucky = (options: DHTOptions): DHT =>
    create(made.length < 3 ? { ...options, port: [port, port + 1] } : options)
  const { nodes } = await start(t, 2, { create: unlucky })
  t.is(made.length, 5)
  t.ok(made.slice(0, 3).every((node) => node.destroyed))
  t.alike(nodes, made.slice(3), 'those that failed are none of its nodes')
})

test('testnet: when no port can be had, it ends', TIMEOUT, async (t) => {
  const { made, create } = recorder()
  const { port } = (await start(t, 1)).bootstrapper
  const options = { create: (given: DHTOptions) => create({ ...given, port: [port, port + 1] }) }
  await t.exception(createTestnet(2, options), { code: 'BIND_FAILED' })
  t.is(made.length, 20)
  t.ok(made.every((node) => node.destroyed))
})

test('testnet: options of the nodes reach all, and those of the network stay', TIMEOUT, async (t) => {
  const udx = new UDX()
  const node = { udx, maxWindow: 9, ephemeral: true, bootstrap: ['127.0.0.1:1'], host: '127.0.0.9', port: 1 }
  const { nodes, bootstrapper } = await start(t, 3, { node })
  for (const each of nodes) {
    t.is(each.udx, udx)
    t.is(each.config.maxWindow, 9)
    t.is(each.host, HOST)
  }
  t.absent(bootstrapper.ephemeral, 'others could not join through it')
  t.ok(nodes.slice(1).every((each) => each.ephemeral))
})

test('testnet: concurrency is how many join at a time', TIMEOUT, async (t) => {
  for (const concurrency of [1, 4]) {
    let joining = 0
    let most = 0
    await start(t, 9, {
      concurrency,
      create: (options) => {
        const node = new DHT(options)
        most = Math.max(most, ++joining)
        return node.once('ready', () => joining--)
      },
    })
    t.is(most, concurrency)
  }
})

if (process.platform === 'linux') {
  test('testnet: another loopback address', TIMEOUT, async (t) => {
    const host = '127.3.2.1'
    const { nodes, bootstrap } = await start(t, 3, { host })
    t.is(bootstrap[0]!.host, host)
    t.ok(nodes.every((node) => node.host === host && !node.ephemeral))
  })
}

const MISUSE: [size: unknown, options: unknown, message: RegExp, type: typeof TypeError][] = [
  [0, {}, /^size must be an integer from 1 to 10000, got 0$/, RangeError],
  [1.5, {}, /^size must be/, RangeError],
  [10_001, {}, /^size must be/, RangeError],
  ['3', {}, /^size must be a number, got "3"$/, TypeError],
  [3, null, /^options must be an object, got null$/, TypeError],
  [3, () => {}, /^options must be an object/, TypeError],
  [3, { host: 'localhost' }, /^host must be an IPv4 address, got "localhost"$/, TypeError],
  [3, { host: 7 }, /^host must be an IPv4 address, got 7$/, TypeError],
  [3, { host: '0.0.0.0' }, /^host must be the address of one interface, got "0.0.0.0"$/, TypeError],
  [3, { port: 65536 }, /^port must be an integer from 0 to 65535, got 65536$/, RangeError],
  [3, { port: '80' }, /^port must be a number/, TypeError],
  [3, { concurrency: 0 }, /^concurrency must be an integer/, RangeError],
  [3, { create: DHT.DEFAULTS }, /^create must be a function/, TypeError],
  [3, { teardown: true }, /^teardown must be a function, got true$/, TypeError],
  [3, { signal: 'now' }, /^signal must be an AbortSignal/, TypeError],
  [3, { node: { concurrency: -1 } }, /^concurrency must be/, RangeError],
  [3, { node: 3 }, /^options must be an object/, TypeError],
]

test('testnet: what is wrong throws at the call', (t) => {
  for (const [size, options, message, type] of MISUSE) {
    const error = errorOf(() => void createTestnet(size as number, options as TestnetOptions))
    t.ok(error instanceof type && message.test(error.message), `${String(size)}, ${JSON.stringify(options)}: ${error}`)
  }
})
