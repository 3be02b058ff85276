import test from 'brittle'
import { VirtualClock } from '../../lib/primitives/virtual-clock.js'
import { SimulatedNetwork } from '../../lib/simulation/index.js'
import type { Transport } from '../../lib/transport/contract.js'
import { MemoryTransport } from '../../lib/transport/memory.js'
import { testTransport } from '../conformance/transport.js'

const A = '20.0.0.1'
const PORT = 10001

const clock = new VirtualClock()

testTransport('memory', {
  create: () => new SimulatedNetwork({ clock, latency: 1 }).transport(A),
  host: A,
  until: (predicate) => clock.runUntil(predicate, 1000),
})

function create() {
  const sent: [number, string, string, number][] = []
  const transport = new MemoryTransport(A, {
    send: (fromPort, bytes, host, port) => void sent.push([fromPort, [...bytes].join(), host, port]),
    resolve: (name) => (name === 'bootstrap.example' ? '20.0.0.3' : undefined),
  })
  return { sent, transport }
}

test('memory: what is sent goes to the wire, with the port it leaves from', async (t) => {
  const { sent, transport } = create()
  const socket = await transport.bind(PORT, '0.0.0.0', () => {})
  socket.trySend(Uint8Array.of(1, 2), 5, '20.0.0.2')
  t.alike(sent, [[PORT, '1,2', '20.0.0.2', 5]])
  await socket.close()
  socket.trySend(Uint8Array.of(3), 5, '20.0.0.2')
  t.is(sent.length, 1, 'nothing after it was closed')
  t.is(socket.address(), null)
})

test('memory: the bytes received are a copy, and gone after the call', async (t) => {
  const { transport } = create()
  const kept: Uint8Array[] = []
  const seen: number[][] = []
  await transport.bind(PORT, A, (bytes) => {
    kept.push(bytes)
    seen.push([...bytes])
    if (seen.length === 2) throw new Error('boom')
  })
  const bytes = Uint8Array.of(1, 2, 3)
  t.ok(transport.receive(bytes, '20.0.0.2', 5, PORT))
  void t.exception(() => transport.receive(bytes, '20.0.0.2', 5, PORT), /boom/)
  t.alike(seen, [
    [1, 2, 3],
    [1, 2, 3],
  ])
  t.alike([...kept[0]!], [0xaa, 0xaa, 0xaa], 'a view that is kept shows it, also where the receiver threw')
  t.alike([...bytes], [1, 2, 3], 'the sender keeps its own')
  t.absent(transport.receive(bytes, '20.0.0.2', 5, PORT + 1), 'nobody listens there')
})

test('memory: free ports are handed out in order, the same in every run', async (t) => {
  const { transport } = create()
  const ports: number[] = []
  await transport.bind(49153, A, () => {})
  for (let i = 0; i < 3; i++) ports.push((await transport.bind(0, A, () => {})).address()!.port)
  t.alike(ports, [49152, 49154, 49155])
  t.is((await create().transport.bind(0, A, () => {})).address()!.port, 49152, 'each host has its own')
  t.is(transport.boundSockets, 4)
})

test('memory: when no port is free, binding says so', async (t) => {
  const { transport } = create()
  for (let port = 49152; port < 65536; port++) await transport.bind(port, A, () => {})
  await t.exception(
    transport.bind(0, A, () => {}),
    { code: 'EADDRINUSE' },
  )
})

test('memory: a machine that is renamed keeps its sockets, and tells those who watch', async (t) => {
  const { transport } = create()
  const changes: string[][] = []
  const cancel = transport.watchInterfaces((interfaces) => changes.push(interfaces.map(({ host }) => host)))
  const socket = await transport.bind(PORT, '0.0.0.0', () => {})
  transport.rename('20.0.0.9')
  transport.announceInterfaces()
  t.alike(changes, [['20.0.0.9']])
  t.is(transport.networkInterfaces()[0]!.host, '20.0.0.9')
  t.is(socket.address()!.port, PORT)
  cancel()
  transport.announceInterfaces()
  t.is(changes.length, 1)
  void t.exception.all(() => transport.rename('nowhere'), TypeError)
})

test('memory: names are looked up by the wire; a spread of a transport is one too', async (t) => {
  const whole: Transport = create().transport
  const transport: Transport = { ...whole }
  t.is(await transport.lookup('bootstrap.example'), '20.0.0.3')
  t.is(await transport.lookup('1.2.3.4'), '1.2.3.4')
  await t.exception(transport.lookup('other.example'), { code: 'ENOTFOUND' })
})

test('memory: hosts that are none throw', (t) => {
  for (const host of ['', 'localhost', '1.2.3', '::1']) {
    void t.exception.all(() => new MemoryTransport(host, { send: () => {}, resolve: () => undefined }), TypeError, host)
  }
})
