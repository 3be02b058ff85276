/**
 * What every transport has to do, as tests that run on any of them. A transport test calls {@link testTransport} with a
 * way to make its transport and to let time pass.
 */
import test, { type Assert } from 'brittle'
import type { DatagramSocket, OnDatagram, Transport } from '../../lib/transport/contract.js'

export interface TransportUnderTest {
  /** A fresh transport; what it holds open is closed by the tests. */
  create(): Transport
  /** An address that its sockets can be bound to and reached at. */
  host: string
  /** A datagram with these bytes in it that the transport lets pass. Default: those bytes; they may be any. */
  datagram?(bytes: Uint8Array): Uint8Array
  /** Lets time pass until the predicate holds; resolves to whether it did in the end. */
  until(predicate: () => boolean): Promise<boolean>
}

interface Received {
  bytes: number[]
  host: string
  port: number
  socket: DatagramSocket
}

class Recorder {
  readonly received: Received[] = []
  readonly onDatagram: OnDatagram = (bytes, host, port, socket) => {
    this.received.push({ bytes: [...bytes], host, port, socket })
  }
}

/** Runs the conformance suite; `name` starts the titles. */
export function testTransport(name: string, subject: TransportUnderTest): void {
  const { host, until } = subject
  const datagram = subject.datagram?.bind(subject) ?? ((bytes: Uint8Array) => bytes)
  const of = (...bytes: number[]): Uint8Array => datagram(Uint8Array.from(bytes))

  async function bind(t: Assert, transport: Transport, port = 0, onDatagram: OnDatagram = () => {}) {
    const socket = await transport.bind(port, host, onDatagram)
    t.teardown(() => socket.close())
    return { socket, port: socket.address()!.port }
  }

  test(`${name}: a bound socket knows its address`, async (t) => {
    const transport = subject.create()
    const a = await bind(t, transport)
    t.is(a.socket.address()!.host, host)
    t.ok(Number.isInteger(a.port) && a.port > 0 && a.port < 65536, 'port 0 is a free port')
    const b = await bind(t, transport)
    t.not(b.port, a.port, 'each socket its own')
  })

  test(`${name}: bound to 0.0.0.0 it is reached at its host`, async (t) => {
    const transport = subject.create()
    const recorder = new Recorder()
    const socket = await transport.bind(0, '0.0.0.0', recorder.onDatagram)
    t.teardown(() => socket.close())
    const sender = await bind(t, transport)
    sender.socket.trySend(of(3, 1), socket.address()!.port, host)
    t.ok(await until(() => recorder.received.length === 1))
  })

  test(`${name}: a datagram arrives as it was sent, with its sender and the socket it came to`, async (t) => {
    const transport = subject.create()
    const recorder = new Recorder()
    const to = await bind(t, transport, 0, recorder.onDatagram)
    const from = await bind(t, transport)
    from.socket.trySend(of(3, 200, 0, 255), to.port, host)
    t.is(recorder.received.length, 0, 'not inside the call')
    t.ok(await until(() => recorder.received.length === 1))
    const [received] = recorder.received
    t.alike(received!.bytes, [...of(3, 200, 0, 255)])
    t.is(received!.host, host)
    t.is(received!.port, from.port)
    t.is(received!.socket, to.socket)
  })

  test(`${name}: an answer can be sent from the receiving call`, async (t) => {
    const transport = subject.create()
    const recorder = new Recorder()
    const echo = await bind(t, transport, 0, (bytes, fromHost, fromPort, socket) =>
      socket.trySend(Uint8Array.from(bytes), fromPort, fromHost),
    )
    const asker = await bind(t, transport, 0, recorder.onDatagram)
    asker.socket.trySend(of(3, 7), echo.port, host)
    t.ok(await until(() => recorder.received.length === 1))
    t.alike(recorder.received[0]!.bytes, [...of(3, 7)])
    t.is(recorder.received[0]!.port, echo.port)
  })

  test(`${name}: each socket gets its own datagrams only`, async (t) => {
    const transport = subject.create()
    const recorders = [new Recorder(), new Recorder()]
    const a = await bind(t, transport, 0, recorders[0]!.onDatagram)
    const b = await bind(t, transport, 0, recorders[1]!.onDatagram)
    for (let i = 0; i < 5; i++) {
      a.socket.trySend(of(3, i), b.port, host)
      b.socket.trySend(of(19, i), a.port, host)
    }
    t.ok(await until(() => recorders.every(({ received }) => received.length === 5)))
    const sent = (first: number) => Array.from({ length: 5 }, (_, i) => of(first, i).join()).sort()
    const got = ({ received }: Recorder) => received.map(({ bytes }) => bytes.join()).sort()
    t.alike(got(recorders[0]!), sent(19), 'in whichever order')
    t.alike(got(recorders[1]!), sent(3))
    t.ok(recorders[0]!.received.every(({ socket }) => socket === a.socket))
    t.ok(recorders[1]!.received.every(({ socket }) => socket === b.socket))
  })

  test(`${name}: a datagram of maxDatagramBytes arrives whole`, async (t) => {
    const transport = subject.create()
    const recorder = new Recorder()
    const to = await bind(t, transport, 0, recorder.onDatagram)
    const from = await bind(t, transport)
    const room = 1000 - (datagram(new Uint8Array(1000)).length - transport.maxDatagramBytes)
    const bytes = datagram(Uint8Array.from({ length: room }, (_, i) => i & 255))
    t.is(bytes.length, transport.maxDatagramBytes)
    // Bytes that are sent are the socket's.
    from.socket.trySend(Uint8Array.from(bytes), to.port, host)
    t.ok(await until(() => recorder.received.length === 1))
    t.alike(recorder.received[0]!.bytes, [...bytes])
  })

  test(`${name}: a port in use rejects with EADDRINUSE and can be had once it is free`, async (t) => {
    const transport = subject.create()
    const { socket, port } = await bind(t, transport)
    await t.exception(
      transport.bind(port, host, () => {}),
      { code: 'EADDRINUSE' },
    )
    await socket.close()
    const again = await bind(t, transport, port)
    t.is(again.port, port)
  })

  test(`${name}: an address of another machine rejects with EADDRNOTAVAIL`, async (t) => {
    await t.exception(
      subject.create().bind(0, '192.0.2.1', () => {}),
      { code: 'EADDRNOTAVAIL' },
    )
  })

  test(`${name}: sending never throws, whoever is there or not`, async (t) => {
    const transport = subject.create()
    const { socket, port } = await bind(t, transport)
    const free = await bind(t, transport)
    await free.socket.close()
    socket.trySend(of(3, 1), free.port, host)
    socket.trySend(of(3, 1), port, host, 64)
    t.pass('to a closed port, and with a ttl')
  })

  test(`${name}: a closed socket receives nothing; closing twice is harmless`, async (t) => {
    const transport = subject.create()
    const closed = new Recorder()
    const control = new Recorder()
    const { socket, port } = await bind(t, transport, 0, closed.onDatagram)
    const other = await bind(t, transport, 0, control.onDatagram)
    await Promise.all([socket.close(), socket.close()])
    await socket.close()
    other.socket.trySend(of(3, 1), port, host)
    other.socket.trySend(of(3, 2), other.port, host)
    t.ok(await until(() => control.received.length === 1))
    t.is(closed.received.length, 0)
  })

  test(`${name}: an IPv4 address looks up to itself, an unknown name rejects`, async (t) => {
    const transport = subject.create()
    t.is(await transport.lookup(host), host)
    await t.exception(transport.lookup('no-such-name.invalid'))
  })

  test(`${name}: interfaces are listed, and watching them can be stopped twice`, (t) => {
    const transport = subject.create()
    for (const { name: label, host: address, family, internal } of transport.networkInterfaces()) {
      t.is(typeof label, 'string')
      t.is(typeof address, 'string')
      t.ok(family === 4 || family === 6)
      t.is(typeof internal, 'boolean')
    }
    t.ok(transport.networkInterfaces().length > 0)
    const cancel = transport.watchInterfaces(() => {})
    cancel()
    cancel()
  })
}
