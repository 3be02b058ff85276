/** The public surface, member by member: what exists, of which type, with which default, and what stays free. */
import b4a from 'b4a'
import test from 'brittle'
import DHT, { DHT as Named, DHTError, type DHTEvents, type DHTErrorCode, type DHTOptions, Query } from '../../index.js'
import type { Request, Session } from '../../index.js'
import { parseOptions } from '../../lib/node/options.js'
import { idFromAddress } from '../../lib/primitives/id.js'
import { errorOf, rejectionOf } from '../helpers/errors.js'
import { MINUTE, Simulation } from '../helpers/simulation.js'

const TARGET = idFromAddress('1.2.3.4', 5)
const NOBODY = { host: '20.9.9.9', port: 1 }

/** Members by name, whatever the types say. */
const membersOf = (value: object): Record<string, unknown> => value as Record<string, unknown>

const STATICS: [name: string, value: unknown][] = [
  ['DEFAULTS', { concurrency: 20, maxWindow: 80, maxPingDelay: 10_000 }],
  ['OK', 0],
  ['ERROR_UNKNOWN_COMMAND', 1],
  ['ERROR_INVALID_TOKEN', 2],
]

for (const [name, value] of STATICS) {
  test(`api: DHT.${name}`, (t) => {
    t.alike(membersOf(DHT)[name], value)
  })
}

test('api: the module is the class', (t) => {
  t.is(Named, DHT)
  t.is(typeof DHT.bootstrapper, 'function')
})

const METHODS =
  'bind fullyBootstrapped ready findNode query request ping delayedPing session addNode toArray refresh address ' +
  'localAddress remoteAddress suspend resume destroy rttStats onmessage onrequest on once off emit removeListener'

for (const name of METHODS.split(' ')) {
  test(`api: node.${name}() can be overridden`, (t) => {
    t.is(typeof membersOf(DHT.prototype)[name], 'function')
  })
}

const filter = (): boolean => true

/** Option, its default in the node's settings, something else, and the settings that it becomes. */
const OPTIONS: [option: keyof DHTOptions, setting: string, fallback: unknown, given: unknown, becomes: unknown][] = [
  ['bootstrap', 'bootstrap', [], ['1.2.3.4:5'], [{ host: '1.2.3.4', port: 5 }]],
  ['nodes', 'nodes', [], [{ host: '1.2.3.4', port: 5 }], [{ host: '1.2.3.4', port: 5 }]],
  ['port', 'portRange', [0, 0], 4000, [4000, 4005]],
  ['port', 'portRange', [0, 0], [4000, 4001], [4000, 4001]],
  ['host', 'host', '0.0.0.0', '127.0.0.1', '127.0.0.1'],
  ['anyPort', 'anyPort', true, false, false],
  ['ephemeral', 'ephemeral', null, true, true],
  ['ephemeral', 'adaptive', true, false, false],
  ['adaptive', 'adaptive', true, false, false],
  ['firewalled', 'firewalled', true, false, false],
  ['quickFirewall', 'quickFirewall', true, false, false],
  ['concurrency', 'concurrency', 20, 3, 3],
  ['maxWindow', 'maxWindow', 80, 8, 8],
  ['maxPingDelay', 'maxPingDelay', 10_000, 5, 5],
  ['filterNode', 'filterNode', null, filter, filter],
  ['addNode', 'filterNode', null, filter, filter],
  ['sendDownHints', 'sendDownHints', true, false, false],
  ['downHintsRateLimit', 'downHintsRateLimit', 50, -1, -1],
  [
    'adaptiveTimeout',
    'retryBounds',
    { initialMs: 1000, minMs: 250, maxMs: 1500 },
    { min: 1, max: 2, initial: 3 },
    { initialMs: 3, minMs: 1, maxMs: 2 },
  ],
]

for (const [option, setting, fallback, given, becomes] of OPTIONS) {
  test(`api: option ${option} (${setting}: ${JSON.stringify(becomes) ?? 'a function'})`, (t) => {
    const of = (options: DHTOptions): unknown => membersOf(parseOptions(options))[setting]
    t.alike(of({}), fallback)
    t.alike(of({ [option]: undefined }), fallback, 'undefined is the default')
    const actual = of({ [option]: given })
    if (option === 'bootstrap') {
      t.alike(
        (actual as { host: string; port: number }[]).map(({ host, port }) => ({ host, port })),
        becomes,
      )
    } else {
      t.alike(actual, becomes)
    }
  })
}

/** Property and its value before anything has happened. */
const PROPERTIES: [name: string, isRight: (value: unknown) => boolean][] = [
  ['id', (value) => value === null],
  ['host', (value) => value === null],
  ['port', (value) => value === 0],
  ['randomized', (value) => value === false],
  ['socket', (value) => value === null],
  ['serverSocket', (value) => value === null],
  ['clientSocket', (value) => value === null],
  ['ephemeral', (value) => value === true],
  ['firewalled', (value) => value === true],
  ['adaptive', (value) => value === true],
  ['bootstrapped', (value) => value === false],
  ['destroyed', (value) => value === false],
  ['suspended', (value) => value === false],
  ['online', (value) => value === true],
  ['degraded', (value) => value === false],
  ['bootstrapNodes', Array.isArray],
  ['table', (value) => has(value, 'id k has get closest random size')],
  ['nodes', (value) => has(value, 'length latest oldest')],
  ['health', (value) => has(value, 'online degraded cold idle responses timeouts timeoutsRate stats update reset')],
  ['config', (value) => has(value, 'concurrency maxWindow maxPingDelay sendDownHints downHintsRateLimit')],
  ['stats', (value) => has(value, 'queries requests commands')],
]

function has(value: unknown, names: string): boolean {
  return names.split(' ').every((name) => name in (value as object))
}

for (const [name, isRight] of PROPERTIES) {
  test(`api: node.${name} of a fresh node`, (t) => {
    const sim = new Simulation(t)
    t.ok(isRight(membersOf(sim.create())[name]))
  })
}

test('api: a node that has joined knows its addresses, one that was destroyed none', async (t) => {
  const sim = new Simulation(t)
  const node = sim.create({ ephemeral: false })
  t.alike([node.address(), node.localAddress(), node.remoteAddress()], [null, null, null])
  await sim.run(node.ready())
  const { port } = sim.addressOf(node)
  const host = sim.hostOf(node)
  t.alike(node.address(), { host: '0.0.0.0', family: 4, port })
  t.alike(
    [node.localAddress(), node.remoteAddress()],
    [
      { host, port },
      { host, port },
    ],
  )
  t.alike([node.host, node.port, node.bootstrapped], [host, port, true])
  t.is(node.id, node.table.id)
  t.is(node.id!.buffer.byteLength, 32, 'a buffer of its own')
  t.ok(b4a.isBuffer(node.id))
  await sim.run(node.destroy())
  t.alike([node.address(), node.localAddress(), node.destroyed], [null, null, true])
})

test('api: keys of stats', (t) => {
  const { stats } = new Simulation(t).create()
  t.alike(stats.queries, { active: 0, total: 0 })
  t.alike(stats.requests, { active: 0, total: 0, responses: 0, timeouts: 0, retries: 0 })
  for (const name of ['ping', 'pingNat', 'findNode', 'downHint'] as const) {
    t.alike(stats.commands[name], { tx: 0, rx: 0 }, name)
  }
  for (const value of Object.values(stats) as object[]) t.is(Object.getPrototypeOf(value), Object.prototype)
})

test('api: rx of stats counts answers, not requests', async (t) => {
  const sim = new Simulation(t)
  const node = await sim.start({ ephemeral: true })
  await sim.clock.advance(MINUTE)
  const before = structuredClone([node.stats.commands.ping, sim.bootstrapper.stats.commands.ping])
  await sim.run(node.ping(sim.addressOf(sim.bootstrapper)))
  t.alike(node.stats.commands.ping, { tx: before[0]!.tx + 1, rx: before[0]!.rx + 1 })
  t.alike(sim.bootstrapper.stats.commands.ping, before[1])
})

test('api: members of requests and replies', async (t) => {
  const sim = new Simulation(t)
  const node = await sim.start({ ephemeral: true })
  const [server] = await sim.startMany(1)
  const requests: Request[] = []
  server!.on('request', (req) => {
    requests.push(req)
    req.reply(req.value)
  })
  const value = b4a.from('x')
  const reply = await sim.run(node.request({ command: 9, target: TARGET, value }, sim.addressOf(server!)))
  const [req] = requests as [Request]
  for (const name of ['reply', 'error', 'relay'] as const) t.is(typeof req[name], 'function', name)
  t.alike([req.command, req.internal, req.token], [9, false, null])
  t.alike([req.from.id, req.from.host], [null, sim.hostOf(node)])
  t.alike(req.to, { id: null, ...sim.addressOf(server!) })
  t.is(req.socket, server!.serverSocket)
  t.is(req.tid, reply.tid)
  t.alike([reply.error, reply.rtt, reply.value], [0, 40, value])
  t.alike(reply.from, { id: server!.id, ...sim.addressOf(server!) })
  t.is(reply.to.host, sim.hostOf(node))
  t.is(reply.to.id, null)
  t.ok(reply.closerNodes!.every(({ host, port }) => typeof host === 'string' && port > 0))
  const buffers = [req.target, req.value, reply.from.id, reply.token, reply.value]
  t.ok(
    buffers.every((bytes) => b4a.isBuffer(bytes)),
    'buffers of the runtime',
  )
  const bare = await sim.run(node.ping(sim.addressOf(server!)))
  t.alike([bare.token, bare.closerNodes, bare.value, bare.error], [null, null, null, 0])
})

test('api: members of queries and sessions', async (t) => {
  const sim = new Simulation(t)
  const node = await sim.start({ ephemeral: true })
  const query = node.findNode(TARGET)
  const members =
    'dht target command value concurrency inflight successes errors closestReplies closestNodes commits finished ' +
    'destroy destroyed on once removeListener pipe'
  t.ok(query instanceof Query && has(query, members))
  t.is(query.command, 2)
  const session: Session = node.session()
  for (const name of ['query', 'findNode', 'request', 'ping', 'delayedPing', 'destroy'] as const) {
    t.is(typeof session[name], 'function', name)
  }
  // What replaces a method of the node replaces it in sessions too.
  let pings = 0
  const { ping } = node
  node.ping = (...args) => {
    pings++
    return ping.apply(node, args)
  }
  await sim.run(session.ping(sim.addressOf(sim.bootstrapper)))
  t.is(pings, 1)
})

const ERRORS: [DHTErrorCode, string][] = [
  ['REQUEST_TIMEOUT', 'Request timed out'],
  ['REQUEST_DESTROYED', 'Request destroyed'],
  ['IO_SUSPENDED', 'I/O suspended'],
  ['NODE_DESTROYED', 'Node destroyed'],
  ['TOO_FEW_NODES', 'Too few nodes responded'],
  ['NO_TOKEN', 'No token received for closest node'],
]

for (const [code, text] of ERRORS) {
  test(`api: error ${code}`, (t) => {
    const error = new DHTError(code)
    t.alike([error.name, error.code, error.message], ['DHTError', code, `${code}: ${text}`])
    t.ok(error instanceof Error)
  })
}

test('api: errors come as they are documented', async (t) => {
  const sim = new Simulation(t)
  const node = await sim.start({ ephemeral: true })
  const message = async (promise: Promise<unknown>) => (await rejectionOf(sim.run(promise)))?.message
  t.is(await message(node.ping(NOBODY)), 'REQUEST_TIMEOUT: Request timed out')
  t.is(errorOf(() => node.delayedPing(NOBODY, 10_001))?.message, 'Delay exceeds max delay: 10000ms')
  t.is(errorOf(() => new DHT({ bootstrap: ['example.org'] }))?.message, 'Bootstrap node format is host:port')
  await sim.run(node.suspend())
  t.is(await message(node.ping(NOBODY)), 'IO_SUSPENDED: I/O suspended')
  await sim.run(node.resume())
  const ping = message(node.ping(NOBODY))
  await sim.run(node.destroy())
  t.is(await ping, 'REQUEST_DESTROYED: Request destroyed')
  for (const call of [() => node.ping(NOBODY), () => node.request({ command: 1 }, NOBODY)]) {
    t.is(await message(call()), 'NODE_DESTROYED: Node destroyed')
  }
  t.is(errorOf(() => node.findNode(TARGET))?.message, 'NODE_DESTROYED: Node destroyed')
})

test('api: what listeners of events get', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(3)
  const seen = new Map<string, unknown[]>()
  const node = sim.create({ ephemeral: false })
  const names: (keyof DHTEvents)[] = ['listening', 'ready', 'persistent', 'ephemeral', 'wakeup', 'nat-update', 'close']
  names.push('network-change', 'network-update', 'add-node', 'remove-node', 'suspend', 'resume', 'request')
  for (const name of names) node.on(name, (...args: unknown[]) => void seen.set(name, args))
  await sim.run(node.ready())
  await sim.clock.advance(5000)
  t.alike(seen.get('nat-update'), [node.host, node.port])
  t.ok(has(seen.get('add-node')![0], 'id host port'))
  const asker = await sim.start({ ephemeral: true })
  void rejectionOf(asker.request({ command: 1 }, sim.addressOf(node)))
  await sim.clock.advance(100)
  sim.move(sim.hostOf(sim.nodes[1]!), sim.nextHost())
  sim.move(sim.hostOf(node), '20.50.0.1')
  await sim.clock.advance(20 * MINUTE)
  t.is((seen.get('network-change')![0] as { host: string }[])[0]!.host, '20.50.0.1')
  t.alike(seen.get('network-update'), [])
  t.is((seen.get('request')![0] as Request).command, 1)
  t.ok(has(seen.get('remove-node')![0], 'id host port'))
  await sim.run(node.suspend())
  await sim.run(node.resume())
  await sim.run(node.destroy())
  for (const name of ['listening', 'ready', 'persistent', 'ephemeral', 'wakeup', 'suspend', 'resume', 'close']) {
    t.alike(seen.get(name), [], name)
  }
})

test('api: nodes given are listed in their order', (t) => {
  const nodes = Array.from({ length: 5 }, (_, i) => ({ host: `20.7.0.${i + 1}`, port: 1 }))
  const node = new Simulation(t).create({ nodes })
  t.alike(node.toArray(), nodes)
  t.alike(node.toArray({ limit: 2 }), nodes.slice(0, 2))
  t.alike(node.toArray({ limit: 0 }), [])
  t.is(node.nodes.latest!.host, nodes[0]!.host)
  t.is(node.nodes.oldest!.host, nodes[4]!.host)
  const walked: string[] = []
  for (let at = node.nodes.latest; at; at = at.prev) walked.push(at.host)
  t.alike(
    walked,
    nodes.map(({ host }) => host),
  )
})
