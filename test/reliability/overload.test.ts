/**
 * More requests than a node may answer, on virtual time: who gets through, what is kept, when it is over. CPU time does
 * not pass in a simulation, so what a node can bear is what its limits say; bench/reliability measures real processes.
 */
import test, { type Assert } from 'brittle'
import { recoveryMs } from '../../bench/reliability/overload.js'
import { booksOf } from '../../bench/reliability/books.js'
import type { DHT } from '../../index.js'
import { parseIPv4 } from '../../lib/primitives/address.js'
import { Simulation } from '../../lib/simulation/index.js'
import { encodeRequest } from '../../lib/wire/request.js'

const TOTAL_PER_SECOND = 400
const HOST_PER_SECOND = 100
const COMMAND = 1
const SECOND = 1000
const FLOOD_MS = 10 * SECOND
const TIMES = 10
const target = new Uint8Array(32).fill(7)

interface Scene {
  sim: Simulation
  server: DHT
  /** Contacts of the server: they have answered it. */
  peers: DHT[]
}

async function createScene(t: Assert): Promise<Scene> {
  const sim = new Simulation({ seed: 9, network: { latency: 20, jitter: 0 } })
  t.teardown(() => sim.destroy())
  const limits = { requestsPerSecond: HOST_PER_SECOND, totalRequestsPerSecond: TOTAL_PER_SECOND }
  const server = await sim.startNode({ ephemeral: false, inboundLimits: limits })
  server.on('request', (request) => request.reply(null))
  const peers = await sim.startNodes(10)
  await sim.advance(5 * SECOND)
  return { sim, server, peers }
}

/** Requests at a steady pace from so many hosts that never answer. */
async function flood({ sim, server }: Scene, hosts: number, perSecond: number): Promise<void> {
  const attackers = await Promise.all(Array.from({ length: hosts }, () => sim.hostileHost()))
  const { address } = sim.hostOf(server)
  const { port } = sim.addressOf(server)
  const fields = { port, id: null, token: null, internal: false, command: COMMAND, target, value: null }
  for (let i = 0; i < (perSecond * FLOOD_MS) / SECOND; i++) {
    sim.clock.after((i * SECOND) / perSecond, () => {
      const bytes = encodeRequest({ tid: i & 0xffff, ip: parseIPv4(address), ...fields })
      attackers[i % hosts]!.send(bytes, { host: address, port })
    })
  }
}

/** Asks from each of the nodes five times a second. @returns share that was answered */
async function ask({ sim, server }: Scene, nodes: DHT[], ms: number): Promise<number> {
  const to = sim.addressOf(server)
  let asked = 0
  let answered = 0
  for (let at = 0; at < ms; at += 200) {
    sim.clock.after(at, () => {
      for (const node of nodes) {
        asked++
        node.request({ command: COMMAND, target }, to, { retry: false }).then(
          () => answered++,
          () => {},
        )
      }
    })
  }
  await sim.advance(ms + 5 * SECOND)
  return answered / asked
}

test('overload: ten times what a node may answer, from many hosts: those that have proved themselves are answered', async (t) => {
  const scene = await createScene(t)
  const { sim, server, peers } = scene
  const before = server.stats.datagrams.requests
  await flood(scene, 200, TIMES * TOTAL_PER_SECOND)
  const during = ask(scene, peers.slice(0, 4), FLOOD_MS)
  t.ok((await during) > 0.99, `${await during} were answered`)
  const handled = server.stats.datagrams.requests - before
  // A second's worth at once, and the rate for the rest.
  t.ok(handled <= (FLOOD_MS / SECOND + 6) * TOTAL_PER_SECOND, `${handled} were handled`)
  t.ok(server.stats.datagrams.dropped.overLimit > (TIMES - 2) * TOTAL_PER_SECOND * 10)
  t.is(booksOf(sim.livingNodes).unaccounted, 0, 'received = handled + dropped by reason')
})

test('overload: a second after it newcomers are answered again', async (t) => {
  const scene = await createScene(t)
  const { sim, server } = scene
  await flood(scene, 200, TIMES * TOTAL_PER_SECOND)
  await sim.advance(FLOOD_MS + SECOND)
  const newcomers = Array.from({ length: 5 }, () => sim.createNode({ ephemeral: true }))
  await sim.run(Promise.all(newcomers.map((node) => node.fullyBootstrapped())))
  t.is(await ask(scene, newcomers, 3 * SECOND), 1)
  t.is(booksOf([server]).unaccounted, 0)
})

test('overload: a flood from one address costs others nothing', async (t) => {
  const scene = await createScene(t)
  const { sim, server, peers } = scene
  const newcomers = Array.from({ length: 5 }, () => sim.createNode({ ephemeral: true }))
  await sim.run(Promise.all(newcomers.map((node) => node.fullyBootstrapped())))
  await flood(scene, 1, TIMES * TOTAL_PER_SECOND)
  const answered = await ask(scene, [...newcomers, ...peers.slice(0, 3)], FLOOD_MS)
  t.ok(answered > 0.95, `${answered} were answered, strangers among them`)
  t.is(booksOf([server]).unaccounted, 0)
})

test('overload: what it leaves behind is bounded', async (t) => {
  const scene = await createScene(t)
  const { sim, server } = scene
  const contacts = server.table.size
  const pending = sim.clock.pending
  await flood(scene, 2000, TIMES * TOTAL_PER_SECOND)
  await sim.advance(FLOOD_MS + 30 * SECOND)
  t.is(server.table.size, contacts, 'nobody became a contact by asking')
  t.is(server.stats.requests.active, 0)
  t.ok(sim.clock.pending <= pending + 20, `${sim.clock.pending} timers, ${pending} before`)
  t.is(booksOf(sim.livingNodes).unaccounted, 0, 'received = handled + dropped by reason')
})

test('overload: recovery is reckoned from the last bad half-second', (t) => {
  const good = { asked: 10, answered: 9 }
  const bad = { asked: 10, answered: 8 }
  t.is(recoveryMs([good, good]), 0)
  t.is(recoveryMs([bad, good]), 500)
  t.is(recoveryMs([good, bad, good]), 1000)
  t.is(recoveryMs([good, bad]), Infinity)
})
