import test from 'brittle'
import { Simulation } from '../../lib/simulation/index.js'

const SECOND = 1000
const PORT = 10001

/** A host with a timer for each second, and a socket; `log` says what happened when. */
async function create() {
  const sim = new Simulation({ network: { latency: 20, jitter: 0 } })
  const host = sim.createHost()
  const peer = sim.createHost()
  const log: string[] = []
  const note = (what: string): void => void log.push(`${what}@${sim.clock.now()}`)
  const socket = await host.transport.bind(PORT, '0.0.0.0', (bytes) => note(`got ${bytes[0]}`))
  const other = await peer.transport.bind(PORT, '0.0.0.0', (bytes) => note(`peer got ${bytes[0]}`))
  for (let i = 1; i <= 5; i++) host.clock.after(i * SECOND, () => note(`timer ${i}`))
  const sendTo = (byte: number): void => other.trySend(Uint8Array.of(byte), PORT, host.address)
  const send = (byte: number): void => socket.trySend(Uint8Array.of(byte), PORT, peer.address)
  return { sim, host, log, send, sendTo }
}

test('host: killed, it neither sends nor receives, and none of its timers fires', async (t) => {
  const { sim, host, log, send, sendTo } = await create()
  sendTo(1)
  await sim.advance(1500)
  sendTo(2)
  host.kill()
  t.absent(host.up)
  t.ok(host.killed)
  send(3)
  await sim.advance(1500)
  sendTo(4)
  await sim.advance(10)
  t.alike(log, ['got 1@20', 'timer 1@1000'])
  await sim.advance(100 * SECOND)
  t.is(sim.clock.pending, 0, 'its timers cost nothing any more')
})

test('host: revived, what was due happens now, in order, and the rest in its time', async (t) => {
  const { sim, host, log, send, sendTo } = await create()
  await sim.advance(500)
  host.kill()
  await sim.advance(3000)
  host.revive()
  host.revive()
  t.alike(log, [], 'not inside the call')
  t.is(host.clock.now(), 3500)
  sendTo(1)
  send(2)
  await sim.advance(10 * SECOND)
  t.alike(log, [
    'timer 1@3500',
    'timer 2@3500',
    'timer 3@3500',
    'got 1@3520',
    'peer got 2@3520',
    'timer 4@4000',
    'timer 5@5000',
  ])
})

test('host: a timer that is cancelled while the host is dead never fires', async (t) => {
  const { sim, host, log } = await create()
  const early = host.clock.after(100, () => log.push('early'))
  const late = host.clock.after(9000, () => log.push('late'))
  host.kill()
  await sim.advance(10 * SECOND)
  early()
  late()
  host.revive()
  await sim.advance(10 * SECOND)
  t.absent(log.includes('early') || log.includes('late'))
  t.is(log.length, 5)
})

test('host: asleep, it stands still, and catches up when it wakes', async (t) => {
  const { sim, host, log, sendTo } = await create()
  const wallAt = host.clock.wallTime()
  host.sleep(2500)
  t.absent(host.up)
  sendTo(1)
  await sim.advance(2600)
  sendTo(2)
  await sim.advance(3000)
  t.alike(log, ['timer 1@2500', 'timer 2@2500', 'got 2@2620', 'timer 3@3000', 'timer 4@4000', 'timer 5@5000'])
  t.is(host.clock.wallTime() - wallAt, 5600, 'the time of day has gone on')
})

test('host: two naps that overlap end with the longer one; a host killed in its sleep stays dead', async (t) => {
  const { sim, host } = await create()
  host.sleep(1000)
  host.sleep(3000)
  await sim.advance(2000)
  t.absent(host.up)
  host.kill()
  await sim.advance(2000)
  t.absent(host.up)
  host.revive()
  t.ok(host.up)
})

test('host: disconnected, it sends and receives nothing, but its timers go on', async (t) => {
  const { sim, host, log, send, sendTo } = await create()
  host.disconnect()
  sendTo(1)
  send(2)
  await sim.advance(1500)
  host.reconnect()
  sendTo(3)
  send(4)
  await sim.advance(100)
  t.alike(log, ['timer 1@1000', 'got 3@1520', 'peer got 4@1520'])
})

test('host: its time of day is its own', async (t) => {
  const { sim, host } = await create()
  const wallAt = host.clock.wallTime()
  host.clock.jumpWall(60_000)
  await sim.advance(1000)
  t.is(host.clock.wallTime() - wallAt, 61_000)
  t.is(sim.clock.wallTime() - wallAt, 1000)
  t.is(host.clock.now(), sim.clock.now())
})

test('host: a node on it lives through death, and through a sleep that it notices', async (t) => {
  const sim = new Simulation({ seed: 2 })
  t.teardown(() => sim.destroy())
  const nodes = await sim.startNodes(20)
  const node = await sim.startNode({ ephemeral: false })
  const host = sim.hostOf(node)
  let wakeups = 0
  node.on('wakeup', () => wakeups++)
  host.kill()
  t.absent(sim.livingNodes.includes(node))
  const asked = sim.run(nodes[0]!.ping(sim.addressOf(node)))
  await t.exception(asked, { code: 'REQUEST_TIMEOUT' })
  await sim.advance(60_000)
  t.is(wakeups, 0)
  host.revive()
  await sim.run(nodes[0]!.ping(sim.addressOf(node)))
  await sim.advance(10_000)
  t.is(wakeups, 1)
  host.sleep(60_000)
  await sim.advance(70_000)
  t.is(wakeups, 2)
  await sim.advance(60_000)
  t.absent(node.ephemeral, 'persistent again')
})

test('host: a node whose host moves gets the id of its new address', async (t) => {
  const sim = new Simulation({ seed: 2 })
  t.teardown(() => sim.destroy())
  await sim.startNodes(20)
  const node = await sim.startNode({ ephemeral: false })
  const oldId = node.id!
  sim.hostOf(node).move('40.0.0.1')
  await sim.advance(5 * 60_000)
  t.is(node.host, '40.0.0.1')
  t.absent(node.ephemeral)
  t.unlike(node.id, oldId)
})

test('host: when it moves, its NAT has forgotten all ways', async (t) => {
  const { sim, host, log, send, sendTo } = await create()
  host.setNat('firewalled')
  send(1)
  await sim.advance(100)
  sendTo(2)
  await sim.advance(100)
  host.move('40.0.0.1')
  sendTo(3)
  await sim.advance(100)
  t.alike(log, ['peer got 1@20', 'got 2@120'])
  t.is(sim.network.stats.lost.nat, 1)
})

test('host: removed, it stays away, and whoever has its address now is left alone', (t) => {
  const sim = new Simulation()
  const address = '50.0.0.1'
  const first = sim.createHost({ address })
  first.remove()
  const second = sim.createHost({ address })
  first.remove()
  t.is(sim.network.hostAt(address), second)
  void t.exception(() => first.revive(), /removed/)
  void t.exception(() => first.move('50.0.0.2'), /removed/)
  t.absent(first.up)
  t.is(sim.network.hostAt('50.0.0.2'), undefined)
})
