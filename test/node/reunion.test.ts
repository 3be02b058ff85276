/** What a node does by itself in case the network was cut: looks at bootstrap nodes, and questions to contacts it lost. */
import test, { type Assert } from 'brittle'
import type { DHT } from '../../index.js'
import { COMMAND } from '../../lib/wire/commands.js'
import { decodeRequest } from '../../lib/wire/request.js'
import { BOOTSTRAP_HOST, MINUTE, Simulation } from '../helpers/simulation.js'

const HOUR = 60 * MINUTE

/** When a node's lookups of its own id ask certain hosts, from here on. */
function traceAsked(sim: Simulation, node: DHT, asked: (host: string) => boolean): number[] {
  const times: number[] = []
  const from = sim.hostOf(node)
  sim.network.tap = ({ bytes, fromHost, toHost }) => {
    if (fromHost !== from || !asked(toHost)) return
    const request = bytes[0] === 3 ? decodeRequest(bytes) : null
    if (request === null || !request.internal || request.command !== COMMAND.FIND_NODE) return
    const target = bytes.subarray(request.targetAt, request.targetAt + 32)
    if (Buffer.compare(target, node.table.id) === 0) times.push(sim.clock.now())
  }
  return times
}

const isBootstrapper = (host: string): boolean => host === BOOTSTRAP_HOST

/** Large enough to fill tables, so that nothing else asks bootstrap nodes. */
async function createNetwork(t: Assert, ephemeral = false): Promise<{ sim: Simulation; node: DHT }> {
  const sim = new Simulation(t)
  await sim.startMany(45)
  const node = await sim.start({ ephemeral })
  await sim.clock.advance(10 * MINUTE)
  return { sim, node }
}

test('reunion: lookups of the own id start at a bootstrap node alone about once an hour', async (t) => {
  for (const ephemeral of [false, true]) {
    const { sim, node } = await createNetwork(t, ephemeral)
    const firsts: number[] = []
    let last = -Infinity
    const from = sim.hostOf(node)
    // A lookup that starts there is alone on the wire until the answer is here.
    sim.network.tap = ({ bytes, fromHost, toHost }) => {
      const request = fromHost === from && bytes[0] === 3 ? decodeRequest(bytes) : null
      if (request === null || request.command !== COMMAND.FIND_NODE || !request.internal) return
      const now = sim.clock.now()
      if (now - last > 10_000 && isBootstrapper(toHost)) firsts.push(now)
      else if (firsts.at(-1) === now) firsts.pop()
      last = now
    }
    await sim.clock.advance(6 * HOUR)
    t.ok(firsts.length >= 4 && firsts.length <= 7, `${firsts.length} in six hours`)
    const gaps = firsts.slice(1).map((at, i) => at - firsts[i]!)
    t.ok(Math.min(...gaps) >= 45 * MINUTE && Math.max(...gaps) <= 90 * MINUTE, gaps.map((ms) => ms / MINUTE).join(' '))
  }
})

test('reunion: a look costs no more than the refresh it takes the place of', async (t) => {
  const { sim, node } = await createNetwork(t)
  const { findNode } = node.stats.commands
  const perHour: number[] = []
  for (let hour = 0; hour < 4; hour++) {
    const before = findNode.tx
    await sim.clock.advance(HOUR)
    perHour.push(findNode.tx - before)
  }
  const most = 12 * 24
  t.ok(Math.max(...perHour) <= most, perHour.join(' '))
})

test('reunion: a busy node, which needs no refresh, looks all the same', async (t) => {
  const { sim, node } = await createNetwork(t)
  const times = traceAsked(sim, node, isBootstrapper)
  for (let minute = 0; minute < 4 * 60; minute++) {
    await sim.run(node.findNode(Buffer.alloc(32, minute)).finished())
    await sim.clock.advance(MINUTE)
  }
  t.ok(times.length >= 2 && times.length <= 4, `${times.length} in four hours`)
})

test('reunion: where the bootstrap node is gone the refresh starts at the contacts', async (t) => {
  const { sim, node } = await createNetwork(t)
  sim.block(BOOTSTRAP_HOST)
  await sim.clock.advance(30 * MINUTE)
  const looks = traceAsked(sim, node, isBootstrapper)
  await sim.clock.advance(3 * HOUR)
  t.ok(looks.length >= 4, `${looks.length} datagrams to it`)
  const times = traceAsked(sim, node, (host) => !isBootstrapper(host))
  await sim.clock.advance(3 * HOUR)
  const rounds = times.filter((at, i) => i === 0 || at - times[i - 1]! > MINUTE)
  const gaps = rounds.slice(1).map((at, i) => at - rounds[i]!)
  t.ok(Math.max(...gaps) <= 12 * MINUTE, 'as often as ever')
})

test('reunion: contacts that were lost together are asked, one at a time, until they answer', async (t) => {
  const { sim, node } = await createNetwork(t)
  const lost = sim.nodes.slice(10, 30).map((other) => sim.hostOf(other))
  sim.network.partition(lost)
  await sim.clock.advance(40 * MINUTE)
  t.absent(
    node.toArray().some(({ host }) => lost.includes(host)),
    'all are given up',
  )
  const times = traceAsked(sim, node, (host) => lost.includes(host))
  await sim.clock.advance(HOUR)
  const rounds = times.filter((at, i) => i === 0 || at - times[i - 1]! > 10_000)
  t.ok(rounds.length >= 12 && rounds.length <= 20, `${rounds.length} in an hour`)
  sim.network.heal()
  await sim.clock.advance(10 * MINUTE)
  const back = node.toArray().filter(({ host }) => lost.includes(host)).length
  // Not all of them: others have taken places in a full bucket.
  t.ok(back >= 10, `${back} of 20 are contacts again`)
})

test('reunion: a node that is suspended asks nobody', async (t) => {
  const { sim, node } = await createNetwork(t)
  for (const other of sim.nodes.slice(10, 30)) sim.block(sim.hostOf(other))
  await sim.clock.advance(40 * MINUTE)
  await sim.run(node.suspend())
  const sent = node.stats.datagrams.sent
  await sim.clock.advance(HOUR)
  t.is(node.stats.datagrams.sent, sent)
  await sim.run(node.resume())
  await sim.clock.advance(10 * MINUTE)
  t.ok(node.stats.datagrams.sent > sent)
})
