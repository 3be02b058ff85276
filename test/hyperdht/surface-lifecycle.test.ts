/** State, sockets and events of the class over its life, as HyperDHT needs them (and dht-rpc has them). */
import { runChild } from '../helpers/child.js'
import test from 'brittle'
import { DHT } from '../../lib/dht-rpc/index.js'
import type { DatagramSocket } from '../../lib/transport/contract.js'
import { rejectionOf } from '../helpers/errors.js'
import { RawSocket } from '../helpers/raw-socket.js'
import { until } from '../helpers/until.js'
import { addressOf, both, create, HOST, start, startBootstrapper, startClient, startNetwork } from './engines.js'
import { startPersistent } from './engines.js'

interface UdxSocket extends DatagramSocket {
  udx: { networkInterfaces(): unknown[] }
}

interface Watcher {
  emit(event: 'change', interfaces: unknown[]): boolean
}

both('surface: before it is bound there are no sockets, no address, no id', (t, Class) => {
  const node = create(t, Class)
  t.alike([node.io.serverSocket, node.io.clientSocket, node.socket], [null, null, null])
  t.alike([node.id, node.host, node.port, node.randomized], [null, null, 0, false])
  t.alike([node.localAddress(), node.remoteAddress()], [null, null])
  t.alike([node.bootstrapped, node.suspended, node.destroyed], [false, false, false])
  t.alike([node.online, node.degraded, node.ephemeral, node.firewalled], [true, false, true, true])
})

both('surface: sockets are those of UDX, with their address and its interfaces', async (t, Class) => {
  const node = create(t, Class)
  await node.bind()
  await node.bind()
  const socket = node.io.serverSocket as UdxSocket
  t.is(socket.udx, node.udx)
  t.ok(socket.udx.networkInterfaces().length > 0)
  t.alike(socket.address(), { host: HOST, family: 4, port: socket.address()!.port })
  t.not(node.io.clientSocket, socket)
  t.alike(node.address(), node.socket!.address())
  t.is(node.localAddress()?.port, socket.address()!.port)
  t.ok(/^\d+\.\d+\.\d+\.\d+$/.test(node.localAddress()!.host))
})

both('surface: fullyBootstrapped resolves also when nobody answers', async (t, Class) => {
  const nobody = await RawSocket.open(t)
  const node = create(t, Class, { bootstrap: [nobody.address] })
  await Promise.all([node.fullyBootstrapped(), node.ready()])
  t.ok(node.bootstrapped)
  t.ok(node.address()!.port > 0)
})

both('surface: fullyBootstrapped resolves for a node that is destroyed meanwhile', async (t, Class) => {
  const node = create(t, Class)
  const ready = node.fullyBootstrapped()
  await node.destroy()
  await t.execution(ready)
})

both('surface: the id is what others see, in memory of its own', async (t, Class) => {
  const [first, node] = (await startNetwork(t, Class, 2)) as [DHT, DHT]
  const { id } = node
  t.ok(Buffer.isBuffer(id))
  t.is(id!.buffer.byteLength, 32)
  t.alike((await first.ping(addressOf(node))).from.id, id)
  t.alike([node.host, node.port], [HOST, addressOf(node).port])
  t.alike(node.remoteAddress(), addressOf(node))
  t.is((await startClient(t, Class, first)).id, null)
})

both('surface: the first node of a network knows its address when others have joined through it', async (t, Class) => {
  const first = await start(t, Class, { ephemeral: false, firewalled: false })
  await startPersistent(t, Class, first)
  await startPersistent(t, Class, first)
  // What tells it are answers to questions of its own, which may still be on the way when the other one has joined.
  await until(() => first.remoteAddress() !== null, 'its address')
  t.alike(first.remoteAddress(), addressOf(first))
})

both('surface: nodes can be walked from the latest to the oldest', async (t, Class) => {
  const [first] = (await startNetwork(t, Class, 5)) as [DHT]
  const walked: { host: string; port: number }[] = []
  let last = first.nodes.latest
  for (let node = last; node; node = node.prev) {
    t.ok(Buffer.isBuffer(node.id))
    t.is(node.next === null, node === first.nodes.latest)
    walked.push({ host: node.host, port: node.port })
    last = node
  }
  t.ok(walked.length >= 3)
  t.is(walked.length, first.nodes.length)
  t.is(last, first.nodes.oldest)
  t.alike(walked, first.toArray())
})

both('surface: the table is another one when the node turns persistent', async (t, Class) => {
  const [first, other] = (await startNetwork(t, Class, 2)) as [DHT, DHT]
  const node = create(t, Class, { bootstrap: [addressOf(first)], ephemeral: false, firewalled: false })
  const { table } = node
  t.is(node.io.table, table)
  await node.fullyBootstrapped()
  t.not(node.table, table)
  t.is(node.io.table, node.table)
  t.alike(node.table.id, node.id!)
  t.is(node.table.k, 20)
  t.ok(node.table.has(other.id!))
  t.absent(node.table.has(Buffer.alloc(32)))
  // Not the first one only: dht-rpc does not sort them.
  t.ok(node.table.closest(other.id!, 20).some((one) => one.port === addressOf(other).port))
  const { port } = node.table.random()!
  t.ok([first, other].some((one) => addressOf(one).port === port))
})

both('surface: health is judged from the numbers in stats, at every update', async (t, Class) => {
  const node = await start(t, Class)
  const states: [boolean, boolean][] = []
  node.on('network-update', () => void states.push([node.online, node.degraded]))
  const ticks = (count: number, responses: number, timeouts: number): void => {
    for (let i = 0; i < count; i++) {
      node.stats.requests.responses += responses
      node.stats.requests.timeouts += timeouts
      node.health.update()
    }
  }
  t.alike([node.health.cold, node.health.online, node.health.degraded], [true, true, false])
  ticks(5, 10, 0)
  t.alike(node.health.stats, {
    online: true,
    degraded: false,
    cold: false,
    idle: false,
    responses: 10,
    timeouts: 0,
    timeoutsRate: 0,
  })
  ticks(2, 0, 10)
  t.alike([node.health.online, node.health.timeouts, node.health.timeoutsRate], [false, 10, 1])
  t.is(node.online, false)
  ticks(1, 10, 0)
  t.is(node.online, true)
  ticks(4, 4, 10)
  t.alike([node.online, node.degraded], [true, true])
  ticks(1, 1, 1)
  t.is(node.health.idle, true)
  t.ok(states.length >= 3)
  node.health.reset()
  t.alike([node.online, node.degraded, node.health.cold, node.health.idle], [true, false, true, true])
})

both('surface: a change of the interfaces is told, also after a suspension', async (t, Class) => {
  const node = await start(t, Class)
  const log: unknown[] = []
  node.on('network-change', (interfaces) => void log.push(interfaces))
  node.on('network-update', () => void log.push('update'))
  const before = node.io.networkInterfaces as unknown as Watcher
  before.emit('change', ['first'])
  t.alike(log, [['first'], 'update'])
  await node.suspend()
  await node.resume()
  log.length = 0
  const after = node.io.networkInterfaces as unknown as Watcher
  t.not(after, before)
  after.emit('change', ['second'])
  t.alike(log, [['second'], 'update'])
})

both('surface: suspend fails what is in flight, resume binds the same ports anew', async (t, Class) => {
  const first = await startBootstrapper(t, Class)
  const silent = await RawSocket.open(t)
  const node = await startClient(t, Class, first)
  const log: string[] = []
  for (const event of ['suspend', 'wakeup', 'resume', 'close'] as const) node.on(event, () => void log.push(event))
  const { serverSocket, clientSocket } = node.io
  const ports = [serverSocket!.address()!.port, clientSocket!.address()!.port]
  const failed = rejectionOf(node.ping(silent.address))
  await Promise.all([node.suspend(), node.suspend()])
  const error = await failed
  t.is((error as { code?: string } | null)?.code, 'IO_SUSPENDED')
  t.is(error?.message, 'IO_SUSPENDED: I/O suspended')
  t.ok(node.suspended)
  t.is(node.io.serverSocket, serverSocket, 'still the old one, so that its address can be told')
  t.is(node.address()?.port, ports[1])
  await Promise.all([node.resume(), node.resume()])
  t.absent(node.suspended)
  t.not(node.io.serverSocket, serverSocket)
  t.not(node.io.clientSocket, clientSocket)
  t.alike([node.io.serverSocket!.address()!.port, node.io.clientSocket!.address()!.port], ports)
  t.is((await node.ping(addressOf(first))).error, 0)
  t.alike(log, ['suspend', 'wakeup', 'resume'])
})

both('surface: destroy fails what is in flight, and closes once', async (t, Class) => {
  const first = await startBootstrapper(t, Class)
  const silent = await RawSocket.open(t)
  const node = await startClient(t, Class, first)
  let closed = 0
  node.on('close', () => void closed++)
  const failed = rejectionOf(node.ping(silent.address))
  await Promise.all([node.destroy(), node.destroy({ force: true })])
  await node.destroy()
  t.is(((await failed) as { code?: string } | null)?.code, 'REQUEST_DESTROYED')
  t.is(closed, 1)
  t.ok(node.destroyed)
  for (const call of [node.bind(), node.suspend(), node.resume(), node.fullyBootstrapped()]) await t.execution(call)
})

both('surface: destroy waits for a bind in progress', async (t, Class) => {
  const node = create(t, Class)
  const bound = node.bind()
  await node.destroy()
  await t.execution(bound)
  t.ok(node.destroyed)
})

both('surface: persistent is told once, and so is the address', async (t, Class) => {
  const first = await startBootstrapper(t, Class)
  const node = create(t, Class, { bootstrap: [addressOf(first)], ephemeral: false, firewalled: false })
  let persistent = 0
  const addresses: unknown[] = []
  node.on('persistent', () => void persistent++)
  node.on('nat-update', (host, port) => void addresses.push([host, port]))
  await node.fullyBootstrapped()
  t.is(persistent, 1)
  t.alike(addresses.at(-1), [HOST, addressOf(node).port])
})

both('surface: rttStats tells averages of a lookup', async (t, Class) => {
  const [, node] = (await startNetwork(t, Class, 3)) as [DHT, DHT]
  const stats = await node.rttStats()
  t.ok(stats.successes > 0)
  t.is(stats.errors, 0)
  for (const part of [stats.responses, stats.closestReplies]) {
    t.ok(part.avgRtt >= 0 && part.avgCloserNodes >= 0)
    t.is(part.errors, 0)
  }
  await node.refresh()
})

for (const engine of ['xorpc', 'dht-rpc']) {
  for (const step of ['suspend', 'destroy']) {
    test(`surface: ${step} leaves nothing that keeps a process alive (${engine})`, async (t) => {
      const child = new URL('children/suspended.js', import.meta.url)
      const { code, stdout, stderr } = await runChild(t, child, [engine, step])
      t.is(code, 0, stderr)
      t.is(stdout.trim(), 'nothing left')
    })
  }
}

test('surface: an adaptive node in a small network is open once it has been probed', async (t) => {
  const [first] = (await startNetwork(t, DHT, 4)) as [DHT]
  const node = await start(t, DHT, { bootstrap: [addressOf(first)] })
  await until(() => !node.firewalled, 'it found out')
  t.is(node.socket, node.io.serverSocket)
  t.is(node.ephemeral, true)
})
