import test from 'brittle'
import { VirtualClock } from '../../lib/primitives/virtual-clock.js'
import { matrix, plane, type NetworkOptions, SeededRandom, SimulatedNetwork } from '../../lib/simulation/index.js'
import type { OnDatagram } from '../../lib/transport/contract.js'

const A = '20.0.0.1'
const B = '20.0.0.2'
const C = '20.0.0.3'
const PORT = 10001

/** Hosts A, B and C with a socket each; `log` tells what arrived: when, where, whence, first byte. */
async function create(options: NetworkOptions & { seed?: number } = {}) {
  const clock = new VirtualClock()
  const network = new SimulatedNetwork({ clock, latency: 20, jitter: 0, ...options })
  const log: [number, string, string, number][] = []
  const listen = (address: string, name: string) => {
    const onDatagram: OnDatagram = (bytes, host, port) =>
      void log.push([clock.now(), name, `${host}:${port}`, bytes[0]!])
    return network.transport(address).bind(PORT, '0.0.0.0', onDatagram)
  }
  const [a, b, c] = [await listen(A, 'a'), await listen(B, 'b'), await listen(C, 'c')]
  return { clock, network, log, a, b, c }
}

test('network: a datagram takes the latency of its way', async (t) => {
  const { clock, log, a, b } = await create({ latency: (from) => (from === A ? 30 : 50) })
  a.trySend(Uint8Array.of(1), PORT, B)
  b.trySend(Uint8Array.of(2), PORT, A)
  await clock.advance(29)
  t.alike(log, [])
  await clock.advance(100)
  t.alike(log, [
    [30, 'b', `${A}:${PORT}`, 1],
    [50, 'a', `${B}:${PORT}`, 2],
  ])
})

test('network: random pairs on the default plane have a median round trip of 130 ms, and a tail', (t) => {
  const model = plane()
  const random = new SeededRandom(1)
  const roundTrips = Array.from({ length: 20_000 }, () => 2 * model.oneWayMs(model.place(random), model.place(random)))
  roundTrips.sort((x, y) => x - y)
  const at = (share: number) => Math.round(roundTrips[Math.floor(share * roundTrips.length)]!)
  t.ok(Math.abs(at(0.5) - 130) <= 3, `median ${at(0.5)}`)
  t.ok(at(0.05) > 50 && at(0.05) < 70, `5 % ${at(0.05)}`)
  t.ok(at(0.99) > 270 && at(0.99) < 350, `99 % ${at(0.99)}`)
})

test('network: a plane is the same in both directions, and near hosts are near', (t) => {
  const model = plane({ extentMs: 100, access: { medianMs: 5, sigma: 0 } })
  const at = (x: number, y: number) => ({ x, y, accessMs: 5 })
  t.is(model.oneWayMs(at(0, 0), at(30, 40)), 60)
  t.is(model.oneWayMs(at(30, 40), at(0, 0)), 60)
  t.is(model.oneWayMs(at(7, 7), at(7, 7)), 10)
})

test('network: a matrix says how far sites are apart; hosts are dealt to them in turn', async (t) => {
  const { network } = await create({
    latency: matrix([
      [1, 80],
      [90, 2],
    ]),
  })
  t.alike([network.oneWayMs(A, B), network.oneWayMs(B, A), network.oneWayMs(A, C)], [80, 90, 1])
  void t.exception.all(() => matrix([[1, 2]]), TypeError)
  void t.exception.all(() => matrix([]), TypeError)
  void t.exception.all(() => matrix([[-1]]), RangeError)
})

test('network: jitter varies the delay by its share to both sides', async (t) => {
  const { clock, log, a } = await create({ latency: 100, jitter: 0.1 })
  for (let i = 0; i < 200; i++) a.trySend(Uint8Array.of(i), PORT, B)
  await clock.advance(1000)
  const times = log.map(([at]) => at)
  t.is(times.length, 200)
  t.ok(Math.min(...times) >= 90 && Math.min(...times) < 92, `${Math.min(...times)}`)
  t.ok(Math.max(...times) <= 110 && Math.max(...times) > 108, `${Math.max(...times)}`)
})

for (const [name, arrived] of [
  ['loss', [120, 180]],
  ['duplication', [220, 280]],
] as const) {
  test(`network: ${name} follows its share and the seed`, async (t) => {
    const run = async (seed: number, share: number): Promise<number[]> => {
      const { clock, log, a, network } = await create({ [name]: share, seed, jitter: 0.5 })
      for (let i = 0; i < 200; i++) a.trySend(Uint8Array.of(i), PORT, B)
      await clock.advance(100)
      const { sent, delivered, lost } = network.stats
      t.is(sent, delivered + lost.loss, 'all are accounted for')
      return log.map(([, , , byte]) => byte)
    }
    const some = await run(1, 0.25)
    t.ok(some.length > arrived[0] && some.length < arrived[1], `${some.length} of 200`)
    t.alike(await run(1, 0.25), some)
    t.unlike(await run(2, 0.25), some)
    t.is((await run(1, 0)).length, 200)
    t.is((await run(1, 1)).length, name === 'loss' ? 0 : 400)
  })
}

test('network: reordering holds up a share, up to the delay once more', async (t) => {
  const { clock, log, a } = await create({ reordering: 0.2 })
  for (let i = 0; i < 200; i++) a.trySend(Uint8Array.of(i), PORT, B)
  await clock.advance(100)
  const late = log.filter(([at]) => at > 20)
  t.ok(late.length > 20 && late.length < 60, `${late.length} of 200`)
  t.ok(late.every(([at]) => at < 40))
  t.is(log.length, 200)
})

test('network: larger datagrams than the way carries are lost, and counted', async (t) => {
  const { clock, network, log, a } = await create({ mtuBytes: 1400 })
  a.trySend(new Uint8Array(1400), PORT, B)
  a.trySend(new Uint8Array(1401), PORT, B)
  network.configure({ mtuBytes: 9000 })
  a.trySend(new Uint8Array(2048), PORT, B)
  a.trySend(new Uint8Array(2049), PORT, B)
  await clock.advance(100)
  t.is(log.length, 2)
  t.alike([network.stats.lost.mtu, network.stats.sent, network.stats.sentBytes], [2, 4, 1400 + 1401 + 2048 + 2049])
})

test('network: a way of its own treats its datagrams differently, in both directions', async (t) => {
  const { clock, network, log, a, b, c } = await create()
  network.link(A, B, { latencyMs: 70 })
  network.link(A, B, { loss: 0 })
  network.link(B, C, { loss: 1 })
  a.trySend(Uint8Array.of(1), PORT, B)
  b.trySend(Uint8Array.of(2), PORT, A)
  a.trySend(Uint8Array.of(3), PORT, C)
  c.trySend(Uint8Array.of(4), PORT, B)
  await clock.advance(100)
  t.alike(
    log.map(([at, , , byte]) => [at, byte]),
    [
      [20, 3],
      [70, 1],
      [70, 2],
    ],
  )
  network.link(B, C, null)
  c.trySend(Uint8Array.of(5), PORT, B)
  await clock.advance(100)
  t.is(log.length, 4)
  void t.exception(() => network.link(A, '20.0.0.99', { loss: 1 }), /no host/)
  void t.exception.all(() => network.link(A, B, { loss: 2 }), RangeError)
})

test('network: a partition of any number of groups, until it heals', async (t) => {
  const { clock, network, log, a, b, c } = await create()
  const d = await network.transport('20.0.0.4').bind(PORT, '0.0.0.0', () => void log.push([0, 'd', '', 0]))
  const all = { a, b, c, d }
  const reach = async (): Promise<string> => {
    log.length = 0
    for (const [i, from] of Object.values(all).entries()) {
      for (const to of [A, B, C, '20.0.0.4']) from.trySend(Uint8Array.of(i + 1), PORT, to)
    }
    await clock.advance(100)
    return log
      .filter(([, name]) => name !== 'd')
      .map(([, name, , byte]) => `${' abcd'[byte]}${name}`)
      .filter(([from, to]) => from !== to)
      .sort()
      .join(' ')
  }
  t.is(await reach(), 'ab ac ba bc ca cb da db dc')
  network.partition([A, B])
  t.is(await reach(), 'ab ba dc')
  network.partition([A], [B, C])
  t.is(await reach(), 'bc cb', 'd is in the last group, alone')
  t.ok(network.stats.lost.partition > 0)
  network.heal()
  t.is(await reach(), 'ab ac ba bc ca cb da db dc')
  void t.exception(() => network.partition(['20.0.0.99']), /no host/)
})

test('network: the tap sees every datagram, and may drop or alter it', async (t) => {
  const { clock, network, log, a } = await create()
  const seen: string[] = []
  network.tap = ({ bytes, fromHost, fromPort, toHost, toPort }) => {
    seen.push(`${fromHost}:${fromPort} ${toHost}:${toPort} ${bytes[0]}`)
    if (bytes[0] === 1) return false
    if (bytes[0] === 2) return Uint8Array.of(9)
    return undefined
  }
  for (const byte of [1, 2, 3]) a.trySend(Uint8Array.of(byte), PORT, B)
  await clock.advance(100)
  t.alike(
    seen,
    [1, 2, 3].map((byte) => `${A}:${PORT} ${B}:${PORT} ${byte}`),
  )
  t.alike(
    log.map(([, , , byte]) => byte),
    [9, 3],
  )
  t.is(network.stats.lost.refused, 1)
})

test('network: why datagrams are lost is counted', async (t) => {
  const { clock, network, a } = await create()
  network.hostAt(C)!.kill()
  a.trySend(Uint8Array.of(1), PORT, B)
  a.trySend(Uint8Array.of(1), PORT + 1, B)
  a.trySend(Uint8Array.of(1), PORT, C)
  a.trySend(Uint8Array.of(1), PORT, '30.0.0.1')
  a.trySend(Uint8Array.of(1), PORT, 'not an address')
  await clock.advance(100)
  network.hostAt(B)!.setNat('firewalled')
  a.trySend(Uint8Array.of(1), PORT, B)
  await clock.advance(100)
  const lost = { loss: 0, mtu: 0, dead: 3, partition: 0, nat: 1, closed: 1, refused: 0 }
  t.alike(network.stats, { sent: 6, sentBytes: 6, delivered: 1, lost })
})

test('network: injected datagrams come from whom they say', async (t) => {
  const { clock, network, log } = await create()
  const forged = { from: { host: '99.0.0.1', port: 7 }, to: { host: B, port: PORT }, bytes: Uint8Array.of(5) }
  network.inject(forged)
  network.inject(forged, C)
  await clock.advance(100)
  t.alike(log, [
    [0, 'b', '99.0.0.1:7', 5],
    [20, 'b', '99.0.0.1:7', 5],
  ])
  network.partition([C])
  network.inject(forged, C)
  await clock.advance(100)
  t.is(log.length, 2, 'where it really comes from decides whether it gets there')
})

test('network: a moved host keeps its sockets, and its watchers hear of it', async (t) => {
  const { clock, network, log, a, b } = await create()
  const changes: string[][] = []
  network.transport(B).watchInterfaces((interfaces) => changes.push(interfaces.map(({ host }) => host)))
  const host = network.hostAt(B)!
  host.move('20.0.0.9')
  a.trySend(Uint8Array.of(1), PORT, B)
  a.trySend(Uint8Array.of(2), PORT, '20.0.0.9')
  b.trySend(Uint8Array.of(3), PORT, A)
  await clock.advance(100)
  t.alike(
    log.map(([, name, from, byte]) => [name, from, byte]),
    [
      ['b', `${A}:${PORT}`, 2],
      ['a', `20.0.0.9:${PORT}`, 3],
    ],
  )
  t.alike(changes, [['20.0.0.9']])
  t.is(host.address, '20.0.0.9')
  t.is(network.hostAt(B), undefined)
  void t.exception(() => host.move(A), /taken/)
  void t.exception.all(() => host.move('nowhere'), TypeError)
})

test('network: hosts get addresses nobody has, and are forgotten when removed', async (t) => {
  const { network } = await create()
  const host = network.createHost()
  t.is(host.address, '20.0.1.1', 'the next after the one that was taken, in another /24')
  t.is(network.hosts.length, 4)
  t.is(network.boundSockets(), 3)
  network.hostAt(A)!.remove()
  t.is(network.boundSockets(), 2)
  t.is(network.hostAt(A), undefined)
  void t.exception(() => network.createHost({ address: B }), /taken/)
  network.names.set('bootstrap.example', C)
  t.is(await host.transport.lookup('bootstrap.example'), C)
})

test('network: bad options throw', (t) => {
  const clock = new VirtualClock()
  for (const name of ['loss', 'jitter', 'duplication', 'reordering']) {
    for (const share of [-0.1, 1.1, NaN]) {
      void t.exception.all(() => new SimulatedNetwork({ clock, [name]: share }), RangeError, `${name} ${share}`)
    }
  }
  void t.exception.all(() => new SimulatedNetwork({ clock, mtuBytes: 0 }), RangeError)
  void t.exception.all(() => new SimulatedNetwork({ clock }).createHost({ address: 'x' }), TypeError)
  void t.exception.all(() => new SimulatedNetwork({ clock }).createHost({ nat: 'odd' as 'open' }), TypeError)
})

test('network: the second of a doubled datagram takes a delay of its own', async (t) => {
  const { clock, log, a } = await create({ duplication: 1, jitter: 0.5 })
  a.trySend(Uint8Array.of(1), PORT, B)
  t.is(clock.pending, 2)
  await clock.advance(100)
  const [first, second] = log.map(([at]) => at) as [number, number]
  t.ok(first >= 10 && first < second && second <= 30, `${first} and ${second}`)
})

test('network: what a receiver does about a datagram is done before the next arrives', async (t) => {
  const { clock, network, a } = await create()
  const log: string[] = []
  const handle = async (byte: number): Promise<void> => {
    for (let i = 0; i < 100; i++) await Promise.resolve()
    log.push(`${byte} at ${clock.now()}`)
  }
  await network.transport(B).bind(7, B, (bytes) => void handle(bytes[0]!))
  a.trySend(Uint8Array.of(1), 7, B)
  await clock.advance(1)
  a.trySend(Uint8Array.of(2), 7, B)
  await clock.advance(100)
  t.alike(log, ['1 at 20', '2 at 21'])
})
