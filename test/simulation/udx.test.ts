/** Sockets of udx over a transport: the same cases over the real udx-native and over ours. */
import b4a from 'b4a'
import test from 'brittle'
import type { Assert } from 'brittle'
import NativeUDX from 'udx-native'
import { VirtualClock } from '../../lib/primitives/virtual-clock.js'
import { createUdx, type SimulatedUdx, type SimulatedUdxSocket } from '../../lib/simulation/udx.js'
import { until } from '../helpers/until.js'
import { BareNetwork } from './bare-network.js'

const RealUDX = NativeUDX as new () => SimulatedUdx

interface Place {
  udx: SimulatedUdx
  /** An address to bind to and to send to. */
  host: string
  /** Lets what was sent arrive. */
  arrive(condition: () => boolean): Promise<void>
}

const PLACES: Record<string, () => Place> = {
  'udx-native': () => ({
    udx: new RealUDX(),
    host: '127.0.0.1',
    arrive: async (condition) => until(condition, 'datagrams'),
  }),
  simulated: () => simulated((network) => createUdx(network.transport('127.0.0.1'))),
}

function simulated(create: (network: BareNetwork) => SimulatedUdx): Place {
  const clock = new VirtualClock()
  const udx = create(new BareNetwork(clock))
  return { udx, host: '127.0.0.1', arrive: async () => clock.advance(100) }
}

/** A case that all have in common. */
function everywhere(name: string, body: (t: Assert, place: Place) => Promise<void>): void {
  for (const [kind, create] of Object.entries(PLACES)) {
    test(`udx: ${name} (${kind})`, async (t) => body(t, create()))
  }
}

function createSocket(t: Assert, udx: SimulatedUdx): SimulatedUdxSocket {
  const socket = udx.createSocket()
  t.teardown(async () => socket.close())
  return socket
}

/** Runs something that throws; its code, or its message where there is none. */
function failure(run: () => void): string {
  try {
    run()
  } catch (err) {
    const { code, message } = err as Error & { code?: string }
    return code ?? message
  }
  return 'nothing was thrown'
}

everywhere('bind is synchronous', async (t, { udx, host }) => {
  const socket = createSocket(t, udx)
  let heard = 0
  socket.on('listening', () => heard++)
  t.is(socket.address(), null)
  t.alike([socket.bound, socket.closing, socket.idle, socket.busy], [false, false, true, false])
  t.is(socket.udx, udx)
  t.alike([socket.userData, socket.streams.size], [null, 0])
  socket.bind(0, host)
  t.is(heard, 1, 'listening is emitted inside bind')
  const address = socket.address()!
  t.alike({ ...address, port: 0 }, { host, family: 4, port: 0 })
  t.ok(address.port > 1023)
  t.is(socket.bound, true)
  await socket.close()
})

everywhere('what cannot be bound throws, and another try may do', async (t, { udx, host }) => {
  const one = createSocket(t, udx)
  const other = createSocket(t, udx)
  one.bind(0, host)
  t.is(
    failure(() => one.bind(0, host)),
    'Already bound',
  )
  t.is(
    failure(() => other.bind(one.address()!.port, host)),
    'EADDRINUSE',
  )
  t.is(
    failure(() => other.bind(0, 'nohost')),
    'nohost is not a valid IP address',
  )
  t.is(other.bound, false)
  other.bind(0, host)
  t.not(other.address()!.port, one.address()!.port)
  await Promise.all([one.close(), other.close()])
})

everywhere('datagrams arrive, as copies of the listener’s own', async (t, { udx, host, arrive }) => {
  const from = createSocket(t, udx)
  const to = createSocket(t, udx)
  from.bind(0, host)
  to.bind(0, host)
  const messages: [Uint8Array, object][] = []
  to.on('message', (bytes, sender) => messages.push([bytes, sender]))
  from.trySend(b4a.from('one'), to.address()!.port, host)
  t.is(await from.send(b4a.from('two'), to.address()!.port), true, 'the host is loopback unless given')
  await arrive(() => messages.length === 2)
  t.alike(
    messages.map(([bytes]) => b4a.toString(bytes)),
    ['one', 'two'],
  )
  t.alike(messages[0]![1], { host, family: 4, port: from.address()!.port })
  t.is(
    failure(() => from.trySend(b4a.from('x'), 1, 'nohost')),
    'nohost is not a valid IP address',
  )
  await t.exception(from.send(b4a.from('x'), 1, 'nohost'), /not a valid IP/)
  await Promise.all([from.close(), to.close()])
})

everywhere('the first send binds', async (t, { udx, host, arrive }) => {
  const from = createSocket(t, udx)
  const to = createSocket(t, udx)
  to.bind(0, host)
  let heard = 0
  let received = 0
  from.on('listening', () => heard++)
  to.on('message', () => received++)
  from.trySend(b4a.from('one'), to.address()!.port, host)
  t.is(heard, 1)
  t.is(from.bound, true)
  await arrive(() => received === 1)
  t.is(received, 1)
  await Promise.all([from.close(), to.close()])
})

everywhere('after close nothing is sent, and its port is free', async (t, { udx, host }) => {
  const socket = createSocket(t, udx)
  let closes = 0
  socket.on('close', () => closes++)
  socket.bind(0, host)
  const address = socket.address()!
  const closed = socket.close()
  t.is(socket.closing, true)
  t.is(closes, 0, 'not inside the call')
  t.is(await socket.send(b4a.from('x'), 1, host), false)
  socket.trySend(b4a.from('x'), 1, host)
  t.is(
    failure(() => socket.bind(0, host)),
    'Already bound',
  )
  await closed
  await socket.close()
  t.is(closes, 1)
  t.alike(socket.address(), address, 'it still says where it was')
  t.is(socket.bound, true)
  const next = createSocket(t, udx)
  next.bind(address.port, host)
  t.is(next.address()!.port, address.port)
  await next.close()
})

everywhere('a socket that was never bound closes too', async (t, { udx }) => {
  const socket = udx.createSocket()
  let closes = 0
  socket.on('close', () => closes++)
  await socket.close()
  t.alike([socket.bound, closes], [false, 1])
  t.is(await socket.send(b4a.from('x'), 1, '127.0.0.1'), false)
  t.is(socket.bound, false, 'and is not bound by a send')
})

everywhere('options of a socket', async (t, { udx, host }) => {
  const socket = createSocket(t, udx)
  socket.bind(0, host)
  for (const ttl of [0, 256]) {
    t.is(
      failure(() => socket.setTTL(ttl)),
      'EINVAL',
    )
  }
  socket.setTTL(5)
  t.ok(socket.getRecvBufferSize() > 0 && socket.getSendBufferSize() > 0)
  socket.setRecvBufferSize(65536)
  socket.setSendBufferSize(65536)
  t.ok(socket.getRecvBufferSize() >= 65536 && socket.getSendBufferSize() >= 65536)
  await socket.close()
})

everywhere('a watcher knows the interfaces and closes once', async (t, { udx }) => {
  const watcher = udx.watchNetworkInterfaces(() => {})
  let closes = 0
  watcher.on('close', () => closes++)
  t.alike(watcher.interfaces, udx.networkInterfaces())
  t.alike([...watcher], watcher.interfaces)
  t.is(watcher.unwatch(), watcher)
  t.is(watcher.watch(), watcher)
  const destroyed = watcher.destroy()
  t.is(closes, 0, 'not inside the call')
  await destroyed
  await watcher.destroy()
  t.is(closes, 1)
})

test('udx: a watcher hears of changes until it is told not to', async (t) => {
  const network = new BareNetwork(new VirtualClock())
  const watcher = createUdx(network.transport('20.0.0.1')).watchNetworkInterfaces()
  let changes = 0
  watcher.on('change', () => changes++)
  const moved = [{ name: 'mem0', host: '20.0.0.9', family: 4, internal: false }]
  network.changeInterfaces(moved)
  t.alike([changes, watcher.interfaces], [1, moved])
  watcher.unwatch()
  network.changeInterfaces([])
  t.alike([changes, watcher.interfaces, network.watchers], [1, moved, 0])
  watcher.watch().watch()
  t.is(network.watchers, 1, 'watching twice is watching once')
  await watcher.destroy()
  watcher.watch()
  t.is(network.watchers, 0, 'never after destroy')
})

test('udx: lookup asks the transport', async (t) => {
  const udx = createUdx(new BareNetwork(new VirtualClock()).transport('20.0.0.1'))
  t.alike(await udx.lookup('one.test', { family: 4 }), { host: '20.0.0.1', family: 4 })
  await t.exception(udx.lookup('two.test'), /no address/)
  await t.exception(udx.lookup('one.test', { family: 6 }), /no IPv6/)
})

test('udx: a TTL is that of the datagram, else that of the socket, else none', async (t) => {
  const network = new BareNetwork(new VirtualClock())
  const socket = createUdx(network.transport('20.0.0.1')).createSocket()
  socket.trySend(b4a.from('x'), 1, '20.0.0.2')
  socket.setTTL(7)
  socket.trySend(b4a.from('x'), 1, '20.0.0.2')
  socket.trySend(b4a.from('x'), 1, '20.0.0.2', 3)
  t.alike(network.ttls, [0, 7, 3])
  await socket.close()
})

test('udx: a port that somebody else holds throws', async (t) => {
  const network = new BareNetwork(new VirtualClock())
  const holder = await network.transport('20.0.0.1').bind(9000, '0.0.0.0', () => {})
  const socket = createUdx(network.transport('20.0.0.1')).createSocket()
  t.is(
    failure(() => socket.bind(9000)),
    'EADDRINUSE',
  )
  await holder.close()
  socket.bind(9000)
  t.is(socket.address()?.port, 9000, 'and can be had when it is free')
  await socket.close()
})

test('udx: a message that arrives while it closes is nobody’s', async (t) => {
  const network = new BareNetwork(new VirtualClock())
  const socket = createUdx(network.transport('20.0.0.1')).createSocket()
  socket.bind(9000)
  let heard = 0
  socket.on('message', () => heard++)
  const deliver = network.bound.get('20.0.0.1:9000')!
  const bytes = b4a.from('x')
  deliver(bytes, '20.0.0.2', 1, { trySend: () => {}, address: () => null, close: async () => {} })
  const closed = socket.close()
  deliver(bytes, '20.0.0.2', 1, { trySend: () => {}, address: () => null, close: async () => {} })
  await closed
  t.is(heard, 1)
})

test('udx: a message that arrives after close is nobody’s', async (t) => {
  const clock = new VirtualClock()
  const udx = createUdx(new BareNetwork(clock).transport('20.0.0.1'))
  const socket = udx.createSocket()
  socket.bind(9000, '::')
  t.alike(socket.address(), { host: '0.0.0.0', family: 4, port: 9000 }, 'both families are one')
  socket.on('message', () => t.fail('message'))
  socket.trySend(b4a.from('x'), 9000, '20.0.0.1')
  void socket.close()
  await clock.advance(100)
  t.is(socket.closing, true)
})

test('udx: there are no streams', (t) => {
  const udx = createUdx(new BareNetwork(new VirtualClock()).transport('20.0.0.1'))
  t.is(
    failure(() => udx.createStream()),
    'UDX streams are not simulated, only sockets are',
  )
})
