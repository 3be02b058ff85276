/** The real dht-rpc in a simulated network: alone, with our nodes, and repeatable to the last datagram. */
import b4a from 'b4a'
import test from 'brittle'
import type { Assert } from 'brittle'
import type { Node, Request } from 'dht-rpc'
import { createHash } from 'node:crypto'
import { type Member, MixedNetwork, type MixedNetworkOptions } from '../../bench/simulated/dht-rpc.js'
import { sameId } from '../../lib/primitives/id.js'
import { seededRandom } from '../../lib/simulation/seeded-random.js'
import { Simulation } from '../../lib/simulation/simulation.js'
import { trueClosest } from '../../lib/simulation/true-closest.js'

const LATENCY_MS = 65
const K = 20
const STORE = 0

/** Every other node of each kind. */
const HALF: Partial<MixedNetworkOptions> = { kindOf: (index) => (index % 2 === 0 ? 'xorpc' : 'dht-rpc') }

async function start(
  t: Assert,
  size: number,
  options: Partial<MixedNetworkOptions> = {},
): Promise<{ sim: Simulation; network: MixedNetwork }> {
  const sim = new Simulation({ seed: options.seed ?? 1, network: { latency: LATENCY_MS, jitter: 0 } })
  const network = await MixedNetwork.start(sim, { size, seed: 1, ...options })
  t.teardown(async () => network.close(), { order: -1 })
  return { sim, network }
}

/** The node as both implementations have it. */
function nodeOf({ node }: Member): Node {
  return node as unknown as Node
}

/** Share of the true closest that lookups find, and virtual milliseconds of each. */
async function lookUp(
  { sim, network }: { sim: Simulation; network: MixedNetwork },
  askers: readonly Member[],
): Promise<{ found: number; complete: number; timesMs: number[] }> {
  const random = seededRandom(99)
  const result = { found: 0, complete: 0, timesMs: [] as number[] }
  for (const asker of askers) {
    const target = random.bytes(32)
    const startedAt = sim.clock.now()
    const query = nodeOf(asker).findNode(target)
    await network.run(query.finished())
    result.timesMs.push(sim.clock.now() - startedAt)
    const others = network.members.filter((member) => member !== asker).map(({ node }) => node)
    const truth = trueClosest(others, target, K)
    const hits = truth.filter(({ id }) => query.closestNodes.some((peer) => sameId(peer.id!, id!)))
    result.found += hits.length / truth.length / askers.length
    if (query.closestNodes.length === K) result.complete++
  }
  return result
}

/**
 * What keeps the process alive. Bare cannot tell: there, what is left running shows when this file does not come to its
 * end.
 */
function activeResources(): string[] {
  return 'Bare' in globalThis ? [] : process.getActiveResourcesInfo()
}

/** What keeps the process alive that did not do so before. */
function since(before: readonly string[]): string[] {
  const left = [...before]
  return activeResources().filter((kind) => {
    const index = left.indexOf(kind)
    if (index !== -1) left.splice(index, 1)
    return index === -1
  })
}

/** Makes a node keep what is committed to it. */
function serve(node: Node): Map<string, Uint8Array> {
  const values = new Map<string, Uint8Array>()
  node.on('request', (request: Request) => {
    const key = b4a.toString(request.target!, 'hex')
    if (request.token === null) return request.reply(values.get(key) ?? null)
    values.set(key, b4a.from(request.value!))
    request.reply(null)
  })
  return values
}

test('dht-rpc: two hundred nodes join and look up in virtual time only, and nothing is left running', async (t) => {
  const before = activeResources()
  const place = await start(t, 200)
  const { sim, network } = place
  const during = since(before)
  const persistent = network.members.filter(({ node }) => !node.ephemeral).length
  const askers = network.members.slice(0, 40)
  const { found, complete, timesMs } = await lookUp(place, askers)
  const { timers } = await network.close()
  t.is(persistent, 200)
  t.is(complete, askers.length, 'every lookup ends with twenty')
  t.ok(found > 0.97, `${found} of the true closest`)
  t.ok(
    timesMs.every((ms) => ms >= 2 * LATENCY_MS && ms % LATENCY_MS < 1e-6),
    'lookups take a whole number of trips',
  )
  t.alike(during, [], 'no real timer and no real socket')
  t.is(timers, 0)
  t.is(sim.network.boundSockets(), 0)
  await sim.advance(60_000)
  t.is(sim.clock.pending, 0)
  t.alike(since(before), [])
})

test('dht-rpc: with our nodes in one network, lookups of both find the true closest', async (t) => {
  const place = await start(t, 120, HALF)
  const ours = await lookUp(place, place.network.members.filter(({ kind }) => kind === 'xorpc').slice(0, 20))
  const theirs = await lookUp(place, place.network.members.filter(({ kind }) => kind === 'dht-rpc').slice(0, 20))
  const client = await place.network.add({ kind: 'xorpc', ephemeral: true })
  const fresh = await lookUp(place, [client])
  await place.network.close()
  t.ok(ours.found > 0.97 && theirs.found > 0.97 && fresh.found > 0.9, `${ours.found}, ${theirs.found}, ${fresh.found}`)
  t.alike([ours.complete, theirs.complete, fresh.complete], [20, 20, 1])
})

for (const [writer, reader] of [
  ['xorpc', 'dht-rpc'],
  ['dht-rpc', 'xorpc'],
] as const) {
  test(`dht-rpc: what ${writer} commits, ${reader} reads, from nodes of both kinds`, async (t) => {
    const { network } = await start(t, 60, HALF)
    const stores = network.members.map((member) => ({ kind: member.kind, values: serve(nodeOf(member)) }))
    const target = seededRandom(5).bytes(32)
    const value = b4a.from('kept')
    const from = nodeOf(await network.add({ kind: writer, ephemeral: true }))
    await network.run(from.query({ command: STORE, target, value }, { commit: true }).finished())
    const to = nodeOf(await network.add({ kind: reader, ephemeral: true }))
    const read: string[] = []
    const query = to.query({ command: STORE, target })
    ;(query as unknown as { on(event: 'data', listener: (reply: { value: Uint8Array | null }) => void): void }).on(
      'data',
      (reply) => reply.value && read.push(b4a.toString(reply.value)),
    )
    await network.run(query.finished())
    await network.close()
    const kept = (kind: string): number => stores.filter((store) => store.kind === kind && store.values.size > 0).length
    t.is(kept('xorpc') + kept('dht-rpc'), K)
    t.ok(kept('xorpc') > 0 && kept('dht-rpc') > 0)
    t.alike(read, Array(K).fill('kept'))
  })
}

test('dht-rpc: nodes die without a word, and cost nothing afterwards', async (t) => {
  const place = await start(t, 100)
  const { network, sim } = place
  const dead = network.members.slice(1, 21)
  const deadHosts = new Set(dead.map(({ host }) => host.address))
  await network.kill(dead)
  let fromDead = 0
  sim.network.tap = ({ fromHost }) => void (deadHosts.has(fromHost) && fromDead++)
  const { found, timesMs } = await lookUp(place, network.members.slice(0, 20))
  const { timers } = await network.close()
  t.is(network.members.length, 80)
  t.is(fromDead, 0)
  t.ok(dead.every(({ host }) => sim.network.hostAt(host.address)?.killed))
  t.ok(found > 0.9, `${found} of the true closest`)
  t.ok(Math.max(...timesMs) > 1000, 'theirs wait a second for the dead')
  t.is(timers, 0)
})

test('dht-rpc: the same seed gives the same datagrams, another seed others', async (t) => {
  const trace = async (seed: number): Promise<string> => {
    const sim = new Simulation({ seed, network: { loss: 0.01 } })
    const hash = createHash('sha256')
    sim.network.tap = ({ bytes, fromHost, toHost }) => {
      hash.update(`${sim.clock.now()} ${fromHost} ${toHost} `).update(bytes)
      return true
    }
    const network = await MixedNetwork.start(sim, { size: 50, seed, ...HALF })
    try {
      await lookUp({ sim, network }, network.members.slice(0, 10))
    } finally {
      await network.close()
    }
    return hash.digest('hex')
  }
  const first = await trace(3)
  t.is(await trace(3), first)
  t.unlike(await trace(4), first)
})

test('dht-rpc: each of our nodes draws numbers of its own', async (t) => {
  const sim = new Simulation()
  const firstTids = new Map<string, number>()
  sim.network.tap = ({ bytes, fromHost }) => {
    if (!firstTids.has(fromHost)) firstTids.set(fromHost, bytes[2]! | (bytes[3]! << 8))
  }
  const network = await MixedNetwork.start(sim, { size: 20, seed: 1, kindOf: () => 'xorpc' })
  await network.close()
  t.is(firstTids.size, 20)
  t.ok(new Set(firstTids.values()).size > 15)
})

test('dht-rpc: a network that cannot be started gives the timers back', async (t) => {
  const real = setTimeout
  const sim = new Simulation()
  const options = {
    size: 20,
    seed: 1,
    onProgress: () => {
      throw new Error('enough')
    },
  }
  await t.exception(MixedNetwork.start(sim, options), /enough/)
  t.is(setTimeout, real)
  t.is(sim.network.boundSockets(), 0)
})
