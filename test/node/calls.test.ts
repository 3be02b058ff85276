/** The public methods: what makes no sense throws at the call, and what waits can be told to stop. */
import test from 'brittle'
import DHT, { type DHTError } from '../../index.js'
import { idFromAddress } from '../../lib/primitives/id.js'
import { errorOf, rejectionOf } from '../helpers/errors.js'
import { MINUTE, Simulation } from '../helpers/simulation.js'

const TO = { host: '20.9.9.9', port: 1 }
const TARGET = new Uint8Array(32)
const ADDRESS = 'an IPv4 address'

type Row = [name: string, call: (node: DHT) => unknown, type: typeof TypeError, message: RegExp]

/** Anything, as an argument that the types forbid. */
const bad = (value: unknown): never => value as never

const ROWS: Row[] = [
  ['ping without an address', (n) => n.ping(bad(undefined)), TypeError, /^to must be {host, port}, got undefined$/],
  [
    'ping a name',
    (n) => n.ping({ host: 'example.org', port: 1 }),
    TypeError,
    /^to.host must be .*, got "example.org"$/,
  ],
  ['ping IPv6', (n) => n.ping({ host: '::1', port: 1 }), TypeError, /^to.host must be .*, got "::1"$/],
  ['ping port 0', (n) => n.ping({ host: '1.2.3.4', port: 0 }), RangeError, /^to.port .* 1 to 65535, got 0$/],
  ['ping port 65536', (n) => n.ping({ host: '1.2.3.4', port: 65536 }), RangeError, /^to.port .*, got 65536$/],
  ['ping size', (n) => n.ping(TO, { size: -1 }), RangeError, /^size must be an integer from 0 to 2048, got -1$/],
  ['ping size type', (n) => n.ping(TO, { size: bad('1') }), TypeError, /^size must be a number, got "1"$/],
  [
    'ping too much',
    (n) => n.ping(TO, { size: 2048 }),
    RangeError,
    /^value must be at most \d+ bytes .* 2048, got 2048$/,
  ],
  ['ping ttl', (n) => n.ping(TO, { ttl: 256 }), RangeError, /^ttl must be an integer from 0 to 255, got 256$/],
  ['ping socket', (n) => n.ping(TO, { socket: bad({}) }), TypeError, /^socket must be a bound socket, got {}$/],
  ['ping session', (n) => n.ping(TO, { session: bad({}) }), TypeError, /^session must come from node.session/],
  ['ping signal', (n) => n.ping(TO, { signal: bad(1) }), TypeError, /^signal must be an AbortSignal, got 1$/],
  ['ping deadline', (n) => n.ping(TO, { deadlineMs: -1 }), RangeError, /^deadlineMs must be .*, got -1$/],
  ['request of nothing', (n) => n.request(bad(null), TO), TypeError, /got null$/],
  ['request without command', (n) => n.request(bad({}), TO), TypeError, /^command must be a number, got undefined$/],
  ['request command', (n) => n.request({ command: -1 }, TO), RangeError, /^command must be .* 2\^53-1, got -1$/],
  ['request fraction', (n) => n.request({ command: 0.5 }, TO), RangeError, /^command must be .*, got 0.5$/],
  [
    'request target',
    (n) => n.request({ command: 1, target: new Uint8Array(31) }, TO),
    RangeError,
    /^target .* got 31$/,
  ],
  ['request token', (n) => n.request({ command: 1, token: bad('x') }, TO), TypeError, /^token must be .* got "x"$/],
  [
    'request value',
    (n) => n.request({ command: 1, value: bad('text') }, TO),
    TypeError,
    /^value must be .*, got "text"$/,
  ],
  [
    'request too much',
    (n) => n.request({ command: 1, value: new Uint8Array(2040) }, TO),
    RangeError,
    /^value must be at most 2002 bytes for a datagram of 2048, got 2040$/,
  ],
  ['request nobody', (n) => n.request({ command: 1 }, bad({ host: null, port: 1 })), TypeError, new RegExp(ADDRESS)],
  ['delayedPing too long', (n) => n.delayedPing(TO, 10_001), RangeError, /^Delay exceeds max delay: 10000ms$/],
  ['delayedPing below 0', (n) => n.delayedPing(TO, -1), RangeError, /^delayMs must be .* 0 to 10000, got -1$/],
  ['delayedPing NaN', (n) => n.delayedPing(TO, NaN), RangeError, /^delayMs must be .*, got NaN$/],
  ['delayedPing type', (n) => n.delayedPing(TO, bad('5')), TypeError, /^delayMs must be a number, got "5"$/],
  ['delayedPing address', (n) => n.delayedPing(bad('x'), 5), TypeError, /^to must be {host, port}, got "x"$/],
  ['findNode target', (n) => n.findNode(new Uint8Array(20)), RangeError, /^target must be 32 bytes, got 20$/],
  ['findNode text', (n) => n.findNode(bad('abc')), TypeError, /^target must be a 32-byte Uint8Array, got "abc"$/],
  ['query of nothing', (n) => n.query(bad(null)), TypeError, /got null$/],
  ['query command', (n) => n.query({ target: TARGET, command: bad(undefined) }), TypeError, /^command .* undefined$/],
  [
    'query value',
    (n) => n.query({ target: TARGET, command: 1, value: bad([]) }),
    TypeError,
    /^value must be .* got \[\]$/,
  ],
  [
    'query too much',
    (n) => n.query({ target: TARGET, command: 1, value: new Uint8Array(1939) }),
    RangeError,
    /^value must be at most 1938 bytes/,
  ],
  ['query concurrency', (n) => n.findNode(TARGET, { concurrency: 0 }), RangeError, /^concurrency must be .*, got 0$/],
  ['query flood', (n) => n.findNode(TARGET, { concurrency: 1e6 }), RangeError, /^concurrency .* 256, got 1000000$/],
  ['query retries', (n) => n.findNode(TARGET, { retries: -1 }), RangeError, /^retries must be .*, got -1$/],
  ['query map', (n) => n.findNode(TARGET, { map: bad(1) }), TypeError, /^map must be a function/],
  ['query commit', (n) => n.findNode(TARGET, { commit: bad(1) }), TypeError, /^commit must be a boolean or a function/],
  ['query nodes', (n) => n.findNode(TARGET, { nodes: bad({}) }), TypeError, /^nodes must be an array/],
  ['query replies', (n) => n.findNode(TARGET, { replies: bad('x') }), TypeError, /^replies must be an array/],
  [
    'query signal',
    (n) => n.findNode(TARGET, { signal: bad({}) }),
    TypeError,
    /^signal must be an AbortSignal, got {}$/,
  ],
  ['query deadline', (n) => n.findNode(TARGET, { deadlineMs: NaN }), RangeError, /^deadlineMs must be .*, got NaN$/],
  ['addNode nothing', (n) => n.addNode(bad(null)), TypeError, /^node must be {host, port}, got null$/],
  ['addNode name', (n) => n.addNode({ host: 'x', port: 1 }), TypeError, /^node.host must be .*, got "x"$/],
  ['addNode port', (n) => n.addNode({ host: '1.2.3.4', port: -1 }), RangeError, /^node.port must be .*, got -1$/],
  ['bind limits', (n) => n.bind({ deadlineMs: 1.5 }), RangeError, /^deadlineMs must be .*, got 1.5$/],
  [
    'fullyBootstrapped limits',
    (n) => n.fullyBootstrapped({ signal: bad(true) }),
    TypeError,
    /^signal must be .*, got true$/,
  ],
  ['ready limits', (n) => n.ready({ deadlineMs: Infinity }), RangeError, /^deadlineMs must be .*, got Infinity$/],
  ['refresh limits', (n) => n.refresh({ deadlineMs: -1 }), RangeError, /^deadlineMs must be .*, got -1$/],
  ['suspend limits', (n) => n.suspend({ deadlineMs: 0.5 }), RangeError, /^deadlineMs must be .*, got 0.5$/],
  ['resume limits', (n) => n.resume({ signal: bad(1) }), TypeError, /^signal must be .*, got 1$/],
  ['rttStats limits', (n) => n.rttStats({ deadlineMs: -5 }), RangeError, /^deadlineMs must be .*, got -5$/],
]

test('calls: what makes no sense throws at the call, names the limit and what was given, and changes nothing', async (t) => {
  const sim = new Simulation(t)
  const node = await sim.start({ ephemeral: true })
  await sim.clock.advance(1000)
  const before = JSON.stringify(node.stats)
  for (const [name, call, type, message] of ROWS) {
    const error = errorOf(() => call(node))
    t.ok(error instanceof type && message.test(error.message), `${name}: ${String(error)}`)
  }
  t.is(JSON.stringify(node.stats), before)
  t.is(node.table.size, 1)
})

test('calls: bootstrapper says what is missing, in the order of its arguments', (t) => {
  const rows: [unknown, unknown, string][] = [
    [0, '1.2.3.4', 'Port is required'],
    [undefined, undefined, 'Port is required'],
    [1, '', 'Host is required'],
    [1, undefined, 'Host is required'],
    [1, '0.0.0.0', 'Invalid host'],
    [1, '::', 'Invalid host'],
    [1, '::1', 'Host must be a IPv4 address'],
    [1, 'example.org', 'Host must be a IPv4 address'],
    [65536, '1.2.3.4', 'port must be an integer from 1 to 65535, got 65536'],
  ]
  for (const [port, host, message] of rows) {
    t.is(errorOf(() => DHT.bootstrapper(bad(port), bad(host)))?.message, message)
  }
})

/** So many that the node does not look for more by itself: what is sent, the test has sent. None of them answers. */
const CROWD = [TO, ...Array.from({ length: 24 }, (_, i) => ({ host: `20.8.${i}.1`, port: 1 }))]

/** Everything that waits, on a node that nobody answers. */
const WAITING: [string, (node: DHT, wait: { signal?: AbortSignal; deadlineMs?: number }) => Promise<unknown>][] = [
  ['ping', (n, wait) => n.ping(TO, wait)],
  ['request', (n, wait) => n.request({ command: 1 }, TO, wait)],
  ['delayedPing', (n, wait) => n.delayedPing(TO, 10_000, wait)],
  ['findNode', (n, wait) => n.findNode(TARGET, wait).finished()],
  ['query', (n, wait) => n.query({ target: TARGET, command: 1 }, wait).finished()],
  ['finished', (n, wait) => n.findNode(TARGET).finished(wait)],
  ['rttStats', (n, wait) => n.rttStats(wait)],
  ['session.ping', (n, wait) => n.session().ping(TO, wait)],
]

test('calls: every call that waits ends at its deadline', async (t) => {
  const sim = new Simulation(t)
  const node = await sim.start({ ephemeral: true, bootstrap: false, nodes: CROWD })
  for (const [name, call] of WAITING) {
    node.addNode(TO)
    await sim.clock.runUntil(() => node.stats.requests.active === 0, MINUTE)
    const start = sim.clock.now()
    const error = (await rejectionOf(sim.run(call(node, { deadlineMs: 120 })))) as DHTError | null
    t.is(error?.code, 'DEADLINE_EXCEEDED', name)
    t.is(sim.clock.now() - start, 120, name)
    t.is(node.stats.requests.active, 0, `${name} leaves nothing behind`)
    t.is(node.stats.queries.active, 0)
  }
})

test('calls: every call that waits ends when its signal aborts, with its reason', async (t) => {
  const sim = new Simulation(t)
  const node = await sim.start({ ephemeral: true, bootstrap: false, nodes: CROWD })
  for (const [name, call] of WAITING) {
    node.addNode(TO)
    await sim.clock.runUntil(() => node.stats.requests.active === 0, MINUTE)
    const controller = new AbortController()
    const reason = new Error('enough')
    const ended = rejectionOf(sim.run(call(node, { signal: controller.signal })))
    await sim.clock.advance(50)
    controller.abort(reason)
    t.is(await ended, reason, name)
    t.is(node.stats.requests.active, 0, `${name} leaves nothing behind`)
    t.is(node.stats.queries.active, 0)
  }
})

test('calls: a signal that has aborted before ends the call at once', async (t) => {
  const sim = new Simulation(t)
  const node = await sim.start({ ephemeral: true, bootstrap: false, nodes: CROWD })
  sim.record = true
  for (const [name, call] of WAITING) {
    const error = await rejectionOf(sim.run(call(node, { signal: AbortSignal.abort() })))
    t.is(error?.name, 'AbortError', name)
    const other = await rejectionOf(sim.run(call(node, { signal: AbortSignal.abort('text') })))
    t.alike([other?.name, other?.cause], ['AbortError', 'text'], name)
  }
  t.is(sim.datagrams.length, 0, 'nothing was sent')
})

test('calls: bind and fullyBootstrapped stop waiting, what they wait for goes on', async (t) => {
  const sim = new Simulation(t)
  sim.block('20.0.0.1')
  const node = sim.create({ ephemeral: false })
  for (const call of ['fullyBootstrapped', 'ready'] as const) {
    t.is(((await rejectionOf(sim.run(node[call]({ deadlineMs: 50 })))) as DHTError).code, 'DEADLINE_EXCEEDED')
    const reason = new Error('enough')
    const controller = new AbortController()
    const ended = rejectionOf(sim.run(node[call]({ signal: controller.signal })))
    controller.abort(reason)
    t.is(await ended, reason)
    t.is(await rejectionOf(node[call]({ signal: AbortSignal.abort(reason) })), reason)
  }
  await sim.run(node.bind({ deadlineMs: 1000, signal: new AbortController().signal }))
  await sim.run(node.fullyBootstrapped({ deadlineMs: MINUTE }))
  t.ok(node.bootstrapped)
})

test('calls: refresh, suspend and resume stop waiting, what they wait for goes on', async (t) => {
  const sim = new Simulation(t)
  const node = await sim.start({ ephemeral: true, bootstrap: false, nodes: CROWD })
  const codeOf = async (promise: Promise<void>) => ((await rejectionOf(sim.run(promise))) as DHTError | null)?.code
  t.is(await codeOf(node.refresh({ deadlineMs: 50 })), 'DEADLINE_EXCEEDED')
  t.is(await codeOf(node.suspend({ deadlineMs: 1000, log: true })), undefined, 'foreign options are left alone')
  t.ok(node.suspended)
  t.is(await codeOf(node.resume({ deadlineMs: 1000 })), undefined)
  t.absent(node.suspended)
  const reason = new Error('enough')
  for (const call of ['refresh', 'suspend', 'resume'] as const) {
    t.is(await rejectionOf(node[call]({ signal: AbortSignal.abort(reason) })), reason)
  }
  t.absent(node.suspended, 'what was aborted before it began has not begun')
})

test('calls: a call that has ended lets go of its signal and its timer', async (t) => {
  const sim = new Simulation(t)
  const node = await sim.start({ ephemeral: true })
  const to = sim.addressOf(sim.bootstrapper)
  await sim.clock.advance(1000)
  const timers = sim.clock.pending
  let listeners = 0
  const signal = {
    aborted: false,
    addEventListener: () => void listeners++,
    removeEventListener: () => void listeners--,
  }
  const wait = { signal, deadlineMs: 100_000 }
  await sim.run(node.ping(to, wait))
  await sim.run(node.request({ command: 1 }, to, wait))
  await sim.run(node.findNode(TARGET, wait).finished(wait))
  await sim.run(node.rttStats(wait))
  await sim.run(node.fullyBootstrapped(wait))
  await rejectionOf(sim.run(node.ping(TO, wait)))
  await sim.clock.advance(10_000)
  t.is(listeners, 0)
  t.ok(sim.clock.pending <= timers + 1, `${sim.clock.pending} timers, ${timers} before`)
})

test('calls: ping takes padding, ttl, a socket and one try', async (t) => {
  const sim = new Simulation(t)
  const node = await sim.start({ ephemeral: true, nodes: CROWD })
  const to = sim.addressOf(sim.bootstrapper)
  await sim.clock.advance(1000)
  sim.record = true
  await sim.run(node.ping(to, { size: 1000, ttl: 5 }))
  t.is(sim.datagrams[0]!.bytes.length, 1014)
  const client = node.clientSocket!
  sim.datagrams.length = 0
  await sim.run(node.ping(to, { socket: client }))
  t.is(sim.datagrams[0]!.fromPort, client.address()!.port)
  sim.datagrams.length = 0
  await rejectionOf(sim.run(node.ping(TO, { retry: false })))
  t.is(sim.datagrams.length, 1)
  sim.datagrams.length = 0
  await rejectionOf(sim.run(node.ping(TO)))
  t.is(sim.datagrams.length, 4)
})

test('W-C22: a delayed ping is answered once, after its delay', async (t) => {
  const sim = new Simulation(t)
  const node = await sim.start({ ephemeral: true })
  await sim.clock.advance(1000)
  sim.record = true
  const reply = await sim.run(node.delayedPing(sim.addressOf(sim.bootstrapper), 5000))
  t.is(reply.rtt, 5040)
  t.alike(sim.sendersOf(4), [sim.hostOf(node)])
})

test('calls: rttStats measures a lookup, and is NaN where nobody answers', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(5)
  await sim.clock.advance(20_000)
  const node = await sim.start({ ephemeral: true })
  const stats = await sim.run(node.rttStats())
  t.is(stats.rtt, 40)
  t.is(stats.closestRtt, 40)
  t.ok(stats.closerNodes > 0 && stats.closestCloserNodes > 0)
  const alone = await sim.start({ bootstrap: false, ephemeral: true })
  t.alike(await sim.run(alone.rttStats()), { rtt: NaN, closerNodes: NaN, closestRtt: NaN, closestCloserNodes: NaN })
})

test('W-C25: a query that nobody consumes is neither started nor counted', async (t) => {
  const sim = new Simulation(t)
  const node = await sim.start({ ephemeral: true })
  await sim.clock.advance(1000)
  const { total } = node.stats.queries
  sim.record = true
  const target = idFromAddress('1.2.3.4', 5)
  const query = node.findNode(target)
  await sim.clock.advance(MINUTE / 6)
  t.alike(node.stats.queries, { active: 0, total })
  t.absent(sim.datagrams.some(({ bytes }) => Buffer.from(bytes).includes(Buffer.from(target))))
  await sim.run(query.finished())
  t.alike(node.stats.queries, { active: 0, total: total + 1 })
})

test('calls: datagrams from sockets of the caller are taken in', async (t) => {
  const sim = new Simulation(t)
  const node = await sim.start({ ephemeral: true })
  const own = await sim.network.transport(sim.hostOf(node)).bind(0, '0.0.0.0', (bytes, host, port, socket) => {
    node.onmessage(socket, bytes, { host, port })
  })
  t.teardown(() => own.close())
  const reply = await sim.run(node.ping(sim.addressOf(sim.bootstrapper), { socket: own }))
  t.is(reply.to.port, own.address()!.port)
  const { dropped } = node.stats.datagrams
  node.onmessage(own, Uint8Array.of(3), { host: '1.2.3.4', port: 5 })
  node.onmessage(own, Uint8Array.of(0x40, 1, 2), { host: '1.2.3.4', port: 5 })
  node.onmessage(own, Uint8Array.of(3, 4, 0, 0, 1, 2, 3, 4, 5, 6, 0), { host: '1.2.3.4', port: 0 })
  t.alike([dropped.short, dropped.foreign, dropped.malformed], [1, 1, 1])
})

test('calls: every datagram is counted once', async (t) => {
  const sim = new Simulation(t, { loss: 0.05 })
  await sim.startMany(12)
  await sim.clock.advance(10 * MINUTE)
  for (const { stats } of sim.nodes) {
    const { received, requests, responses, dropped } = stats.datagrams
    const drops = Object.values(dropped).reduce((sum, count) => sum + count, 0)
    t.is(received, requests + responses + drops)
  }
})

test('calls: too many waiting requests are refused, also those of queries, and the node lives on', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(5)
  await sim.clock.advance(MINUTE)
  const node = await sim.start({ ephemeral: true })
  await sim.clock.advance(MINUTE)
  const session = node.session()
  const waiting = Array.from({ length: 65_536 + 80 }, () => session.ping(TO).catch(() => {}))
  const code = async (promise: Promise<unknown>) => ((await rejectionOf(promise)) as DHTError | null)?.code
  t.is(await code(node.ping(TO)), 'QUEUE_FULL')
  t.is(await code(sim.run(node.findNode(TARGET).finished())), 'QUEUE_FULL')
  await sim.run(node.refresh())
  session.destroy()
  await Promise.all(waiting)
  await sim.run(node.findNode(TARGET).finished())
  t.is(node.table.size, 6)
})
