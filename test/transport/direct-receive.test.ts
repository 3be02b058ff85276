/* oxlint-disable no-underscore-dangle -- the insides of udx-native are called so */
import test from 'brittle'
import fc from 'fast-check'
import type { DatagramSocket } from '../../lib/transport/contract.js'
import { receiveDirectly } from '../../lib/transport/direct-receive.js'
import { createUdpTransport } from '../../lib/transport/udp.js'
import type { Udx } from '../../lib/transport/udx.js'
import { holds } from '../helpers/properties.js'

const HOST = '127.0.0.1'
const MAX_BYTES = 64

/** A socket that looks inside as those of udx-native do, and hands over datagrams when told to. */
class FakeSocket {
  readonly udx: { _buffer: unknown } = { _buffer: new Uint8Array(256) }
  readonly emitted: Uint8Array[] = []
  listeners = 0

  _onmessage(sizeBytes: number, _port: number, _host: string, _family: number): Uint8Array {
    const buffer = this.udx._buffer as Uint8Array
    this.emitted.push(buffer.subarray(0, sizeBytes))
    this.udx._buffer = buffer.subarray(sizeBytes)
    return this.udx._buffer as Uint8Array
  }

  listenerCount(): number {
    return this.listeners
  }

  /** As the native part: the datagram into the buffer that was returned last. */
  receive(bytes: number[]): Uint8Array {
    ;(this.udx._buffer as Uint8Array).set(bytes)
    return this._onmessage(bytes.length, 7, HOST, 4)
  }
}

interface Received {
  bytes: number[]
  view: Uint8Array
  from: string
  socket: FakeSocket
}

function listen(socket: FakeSocket): Received[] {
  const received: Received[] = []
  const isDirect = receiveDirectly(socket, MAX_BYTES, (view, host, port, self) =>
    received.push({ bytes: [...view], view, from: `${host}:${port}`, socket: self }),
  )
  if (!isDirect) throw new Error('not taken')
  return received
}

test('direct receive: hands over each datagram, in one buffer for all', (t) => {
  const socket = new FakeSocket()
  const received = listen(socket)
  const buffer = socket.udx._buffer
  t.is(socket.receive([1, 2, 3]), buffer, 'the next one goes to the same place')
  t.is(socket.receive([4, 5, 6]), buffer)
  socket.receive([])
  socket.receive(Array.from({ length: MAX_BYTES + 36 }, (_, i) => i))
  t.alike(
    received.map(({ bytes }) => bytes.length),
    [3, 3, 0, MAX_BYTES + 36],
  )
  t.alike(received[1]!.bytes, [4, 5, 6])
  t.is(received[0]!.view, received[1]!.view, 'no view for each')
  t.is(received[0]!.from, `${HOST}:7`)
  t.is(received[0]!.socket, socket)
  t.is(socket.emitted.length, 0)
})

test('direct receive: who listens to events still gets them, to keep', (t) => {
  const socket = new FakeSocket()
  const received = listen(socket)
  socket.listeners = 1
  socket.receive([1, 2, 3])
  socket.receive([4, 5, 6])
  socket.listeners = 0
  socket.receive([7, 8, 9])
  t.alike(
    received.map(({ bytes }) => bytes),
    [
      [1, 2, 3],
      [4, 5, 6],
      [7, 8, 9],
    ],
  )
  t.alike(
    socket.emitted.map((bytes) => [...bytes]),
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
    'not written over',
  )
})

test('direct receive: sockets of one UDX share its buffer', (t) => {
  const a = new FakeSocket()
  const b = new FakeSocket()
  Object.assign(b, { udx: a.udx })
  const fromA = listen(a)
  const fromB = listen(b)
  a.receive([1, 1])
  b.receive([2, 2])
  t.is(fromA[0]!.view, fromB[0]!.view)
  a.listeners = 1
  a.receive([3, 3])
  b.receive([4, 4])
  t.alike(fromB[1]!.bytes, [4, 4], 'also after it moved on')
  t.alike([...a.emitted[0]!], [3, 3])
})

test('direct receive: a socket that looks different inside is left alone', (t) => {
  const others: object[] = [
    {},
    { _onmessage: 1, udx: { _buffer: new Uint8Array(1) } },
    { _onmessage: (a: number, b: number) => a + b, udx: { _buffer: new Uint8Array(1) } },
    { _onmessage: new FakeSocket()._onmessage },
    { _onmessage: new FakeSocket()._onmessage, udx: {} },
    { _onmessage: new FakeSocket()._onmessage, udx: { _buffer: [] } },
  ]
  for (const socket of others) {
    const before = { ...socket }
    t.absent(receiveDirectly(socket, MAX_BYTES, () => {}))
    t.alike(socket, before)
  }
})

interface EventSocket extends DatagramSocket {
  on(event: 'message', listener: (bytes: Uint8Array) => void): void
}

/** Two sockets of a transport; the first one's datagrams are counted by length. */
async function openPair(t: { teardown(fn: () => Promise<void>): void }, udx?: Udx) {
  const transport = createUdpTransport(udx)
  const sizes: number[] = []
  let notify = (): void => {}
  const receiver = (await transport.bind(0, HOST, (bytes) => {
    sizes.push(bytes.length)
    notify()
  })) as EventSocket
  const sender = await transport.bind(0, HOST, () => {})
  t.teardown(async () => {
    await receiver.close()
    await sender.close()
  })
  /** Sends so many bytes and waits for their arrival. */
  const send = (sizeBytes: number): Promise<void> =>
    new Promise((resolve) => {
      notify = resolve
      sender.trySend(new Uint8Array(sizeBytes), receiver.address()!.port, HOST)
    })
  return { receiver, sizes, send }
}

test('direct receive: the udx-native that is installed can do it', async (t) => {
  const { receiver, sizes, send } = await openPair(t)
  t.ok(Object.hasOwn(receiver, '_onmessage'), 'taken')
  for (const sizeBytes of [1, 43, 43, 1200, 2048]) await send(sizeBytes)
  t.alike(sizes, [1, 43, 43, 1200, 2048])
  const kept: Uint8Array[] = []
  receiver.on('message', (bytes) => void kept.push(bytes))
  await send(10)
  await send(11)
  t.alike(
    kept.map(({ length }) => length),
    [10, 11],
    'its events work too',
  )
  t.alike(sizes.slice(-2), [10, 11])
})

test('direct receive: without it, events do', async (t) => {
  const inner = createUdpTransport().native as Udx
  const udx: Udx = {
    ...inner,
    createSocket() {
      const socket = inner.createSocket()
      const { _onmessage: original } = socket as unknown as { _onmessage: (...args: unknown[]) => Uint8Array }
      // As if it had another number of arguments.
      Object.assign(socket, { _onmessage: (...args: unknown[]) => original.apply(socket, args) })
      return socket
    },
  }
  const { sizes, send } = await openPair(t, udx)
  for (const sizeBytes of [1, 43, 2048]) await send(sizeBytes)
  t.alike(sizes, [1, 43, 2048])
})

test('direct receive: whatever comes, of any length, is handed over as it is', (t) => {
  const datagram = fc.record({ bytes: fc.array(fc.nat(255), { maxLength: 2 * MAX_BYTES }), isKept: fc.boolean() })
  holds(
    t,
    fc.property(fc.array(datagram, { maxLength: 40 }), (datagrams) => {
      const socket = new FakeSocket()
      socket.udx._buffer = new Uint8Array(64 * 2 * MAX_BYTES)
      const received = listen(socket)
      for (const { bytes, isKept } of datagrams) {
        // Who listens to the events may keep what it gets, and the buffer goes on behind it.
        socket.listeners = isKept ? 1 : 0
        socket.receive(bytes)
      }
      return (
        received.map(({ bytes }) => bytes.join()).join('|') === datagrams.map(({ bytes }) => bytes.join()).join('|')
      )
    }),
  )
})
