import test from 'brittle'
import { VirtualClock } from '../../lib/primitives/virtual-clock.js'
import type { OnDatagram } from '../../lib/transport/contract.js'
import { type MemoryDatagram, MemoryNetwork, type MemoryNetworkOptions } from '../../lib/transport/memory.js'
import { testTransport } from '../conformance/transport.js'
import { seededRandom } from '../helpers/contacts.js'

const A = '20.0.0.1'
const B = '20.0.0.2'
const C = '20.0.0.3'
const PORT = 10001

const clock = new VirtualClock()

testTransport('memory', {
  create: () => new MemoryNetwork({ clock }).transport(A),
  host: A,
  until: (predicate) => clock.runUntil(predicate, 1000),
})

/** Hosts A, B and C with a socket each; `log` tells what arrived: when, where, whence, first byte. */
async function create(options: Omit<MemoryNetworkOptions, 'clock'> = {}) {
  const time = new VirtualClock()
  const network = new MemoryNetwork({ clock: time, ...options })
  const log: [number, string, string, number][] = []
  const record =
    (name: string): OnDatagram =>
    (bytes, host, port) =>
      void log.push([time.now(), name, `${host}:${port}`, bytes[0]!])
  const sockets = {
    a: await network.transport(A).bind(PORT, '0.0.0.0', record('a')),
    b: await network.transport(B).bind(PORT, '0.0.0.0', record('b')),
    c: await network.transport(C).bind(PORT, '0.0.0.0', record('c')),
  }
  return { time, network, log, ...sockets }
}

test('memory: a datagram takes the latency of its way', async (t) => {
  const { time, log, a, b } = await create({ latencyMs: (from) => (from === A ? 30 : 50) })
  a.trySend(Uint8Array.of(1), PORT, B)
  b.trySend(Uint8Array.of(2), PORT, A)
  await time.advance(29)
  t.alike(log, [])
  await time.advance(100)
  t.alike(log, [
    [30, 'b', `${A}:${PORT}`, 1],
    [50, 'a', `${B}:${PORT}`, 2],
  ])
})

test('memory: the bytes are a copy of their own, and gone after the call', async (t) => {
  const time = new VirtualClock()
  const network = new MemoryNetwork({ clock: time })
  const kept: Uint8Array[] = []
  const seen: number[][] = []
  const to = await network.transport(B).bind(PORT, B, (bytes) => {
    kept.push(bytes)
    seen.push([...bytes])
  })
  const from = await network.transport(A).bind(0, A, () => {})
  const bytes = Buffer.from([1, 2, 3])
  from.trySend(bytes, PORT, B)
  bytes.fill(9)
  await time.advance(100)
  t.alike(seen, [[1, 2, 3]], 'changed after sending')
  t.alike([...kept[0]!], [0xaa, 0xaa, 0xaa], 'a view that is kept shows it')
  t.alike([...bytes], [9, 9, 9])
  await to.close()
})

test('memory: a receiver that throws does not spoil the network', async (t) => {
  const time = new VirtualClock()
  const network = new MemoryNetwork({ clock: time })
  const kept: Uint8Array[] = []
  await network.transport(B).bind(PORT, B, (bytes) => {
    kept.push(bytes)
    throw new Error('boom')
  })
  const from = await network.transport(A).bind(0, A, () => {})
  from.trySend(Uint8Array.of(1), PORT, B)
  await t.exception(time.advance(100), /boom/)
  t.is(kept[0]![0], 0xaa)
  t.is(time.pending, 0)
})

test('memory: free ports are handed out in order, the same in every run', async (t) => {
  const network = new MemoryNetwork({ clock: new VirtualClock() })
  const transport = network.transport(A)
  const ports: number[] = []
  await transport.bind(49153, A, () => {})
  for (let i = 0; i < 3; i++) ports.push((await transport.bind(0, A, () => {})).address()!.port)
  t.alike(ports, [49152, 49154, 49155])
  t.is((await network.transport(B).bind(0, B, () => {})).address()!.port, 49152, 'each host has its own')
})

test('memory: when no port is free, binding says so', async (t) => {
  const network = new MemoryNetwork({ clock: new VirtualClock() })
  const transport = network.transport(A)
  for (let port = 49152; port < 65536; port++) await transport.bind(port, A, () => {})
  await t.exception(
    transport.bind(0, A, () => {}),
    { code: 'EADDRINUSE' },
  )
})

test('memory: a blocked host is as good as dead, also for what is on its way', async (t) => {
  const { time, network, log, a, b } = await create()
  a.trySend(Uint8Array.of(1), PORT, B)
  network.block(B)
  b.trySend(Uint8Array.of(2), PORT, A)
  await time.advance(100)
  t.alike(log, [])
  network.unblock(B)
  a.trySend(Uint8Array.of(3), PORT, B)
  await time.advance(100)
  t.is(log.length, 1)
})

test('memory: a partition separates its hosts from all others until it heals', async (t) => {
  const { time, network, log, a, b, c } = await create()
  network.partition([A, B])
  a.trySend(Uint8Array.of(1), PORT, B)
  a.trySend(Uint8Array.of(2), PORT, C)
  c.trySend(Uint8Array.of(3), PORT, B)
  b.trySend(Uint8Array.of(4), PORT, A)
  await time.advance(100)
  t.alike(
    log.map(([, name, , byte]) => `${name}${byte}`),
    ['b1', 'a4'],
  )
  network.heal()
  c.trySend(Uint8Array.of(5), PORT, B)
  await time.advance(100)
  t.is(log.at(-1)![3], 5)
})

test('memory: drop sees every datagram and decides', async (t) => {
  const { time, network, log, a } = await create()
  const seen: string[] = []
  network.drop = ({ bytes, fromHost, fromPort, toHost, toPort }: MemoryDatagram) => {
    seen.push(`${fromHost}:${fromPort} ${toHost}:${toPort} ${bytes[0]}`)
    return bytes[0] === 1
  }
  a.trySend(Uint8Array.of(1), PORT, B)
  a.trySend(Uint8Array.of(2), PORT, B)
  await time.advance(100)
  t.alike(seen, [`${A}:${PORT} ${B}:${PORT} 1`, `${A}:${PORT} ${B}:${PORT} 2`])
  t.is(log.length, 1)
})

test('memory: losses follow the share and the seed', async (t) => {
  const run = async (seed: number, loss: number): Promise<number[]> => {
    const { time, log, a } = await create({ loss, random: seededRandom(seed) })
    for (let i = 0; i < 200; i++) a.trySend(Uint8Array.of(i), PORT, B)
    await time.advance(100)
    return log.map(([, , , byte]) => byte)
  }
  const some = await run(1, 0.25)
  t.ok(some.length > 120 && some.length < 180, `${some.length} of 200`)
  t.alike(await run(1, 0.25), some)
  t.unlike(await run(2, 0.25), some)
  t.is((await run(1, 0)).length, 200)
  t.is((await run(1, 1)).length, 0)
})

test('memory: a moved host keeps its sockets, and its watchers hear of it', async (t) => {
  const { time, network, log, a, b } = await create()
  const changes: string[][] = []
  const transport = network.transport(B)
  const cancel = transport.watchInterfaces((interfaces) => changes.push(interfaces.map(({ host }) => host)))
  network.move(B, '20.0.0.9')
  a.trySend(Uint8Array.of(1), PORT, B)
  a.trySend(Uint8Array.of(2), PORT, '20.0.0.9')
  b.trySend(Uint8Array.of(3), PORT, A)
  await time.advance(100)
  t.alike(
    log.map(([, name, from, byte]) => [name, from, byte]),
    [
      ['b', `${A}:${PORT}`, 2],
      ['a', `20.0.0.9:${PORT}`, 3],
    ],
  )
  t.alike(changes, [['20.0.0.9']])
  t.is(transport.networkInterfaces()[0]!.host, '20.0.0.9')
  cancel()
  network.move('20.0.0.9', B)
  await time.advance(100)
  t.is(changes.length, 1)
  await t.exception(() => network.move(A, B), /taken/)
})

test('memory: names are looked up in the table of the network', async (t) => {
  const { network } = await create()
  network.names.set('bootstrap.example', C)
  t.is(await network.transport(A).lookup('bootstrap.example'), C)
  await t.exception(network.transport(A).lookup('other.example'), { code: 'ENOTFOUND' })
})

test('memory: a datagram beyond the maximum is lost, a closed socket sends nothing', async (t) => {
  const { time, network, log, a, b } = await create()
  a.trySend(new Uint8Array(network.transport(A).maxDatagramBytes + 1), PORT, B)
  t.is(network.boundSockets(), 3)
  await a.close()
  t.is(a.address(), null)
  a.trySend(Uint8Array.of(1), PORT, B)
  await time.advance(100)
  t.alike(log, [])
  t.is(network.boundSockets(A), 0)
  await b.close()
  t.is(network.boundSockets(), 1)
})

test('memory: bad options throw', async (t) => {
  const network = new MemoryNetwork({ clock: new VirtualClock() })
  for (const loss of [-0.1, 1.1, NaN]) {
    await t.exception.all(() => new MemoryNetwork({ clock: new VirtualClock(), loss }), RangeError, `loss ${loss}`)
  }
  for (const host of ['', 'localhost', '1.2.3', '::1']) {
    await t.exception.all(() => network.transport(host), TypeError, host)
  }
})
