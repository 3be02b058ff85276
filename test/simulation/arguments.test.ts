/** Whatever is wrong at a call of the simulator throws there, with the name of what is wrong. */
import test from 'brittle'
import fc from 'fast-check'
import { DHT, type DHTOptions } from '../../index.js'
import {
  createUdx,
  exponential,
  fixed,
  lognormal,
  matrix,
  Nat,
  pareto,
  plane,
  redirectTimers,
  seededRandom,
  SimulatedNetwork,
  Simulation,
  trueClosest,
  uniform,
  VirtualClock,
  weibull,
} from '../../lib/simulation/index.js'
import { checkFinite, checkLimit, checkMeasure, checkPositive, checkShare } from '../../lib/simulation/arguments.js'
import { holds } from '../helpers/properties.js'

/** What makes no sense may have any type. */
type Wrong = never

type Case = [what: string, call: () => unknown, error: ErrorConstructor, text: RegExp]

const TARGET = new Uint8Array(32)

function refuse(t: { is(a: unknown, b: unknown, text?: string): void }, cases: Case[]): void {
  for (const [what, call, type, text] of cases) {
    let thrown: unknown = null
    try {
      call()
    } catch (err) {
      thrown = err
    }
    t.is((thrown as Error | null)?.constructor, type, `${what}: ${String(thrown)}`)
    t.is(text.test(String(thrown)), true, `${what} names it`)
  }
}

const wrong = (value: unknown) => value as Wrong

test('arguments: options of a simulation and its network', (t) => {
  const make = (options: unknown) => () => new Simulation(wrong(options))
  const inNetwork = (network: unknown) => make({ network })
  refuse(t, [
    ['no object', make(null), TypeError, /options of a simulation/],
    ['a slip', make({ sed: 1 }), TypeError, /no option "sed", only seed/],
    ['seed that is text', make({ seed: 'x' }), TypeError, /seed/],
    ['seed NaN', make({ seed: NaN }), RangeError, /seed/],
    ['create', make({ create: 5 }), TypeError, /create/],
    ['network', inNetwork('lan'), TypeError, /options of network/],
    ['a slip in network', inNetwork({ los: 0.1 }), TypeError, /network has no option "los"/],
    ['loss that is text', inNetwork({ loss: '0.1' }), TypeError, /loss/],
    ['loss above 1', inNetwork({ loss: 2 }), RangeError, /loss/],
    ['jitter', inNetwork({ jitter: NaN }), RangeError, /jitter/],
    ['mtuBytes', inNetwork({ mtuBytes: 0 }), RangeError, /mtuBytes/],
    ['latency below 0', inNetwork({ latency: -5 }), RangeError, /latency/],
    ['latency NaN', inNetwork({ latency: NaN }), RangeError, /latency/],
    ['latency that is text', inNetwork({ latency: '50' }), TypeError, /latency/],
    ['latency null', inNetwork({ latency: null }), TypeError, /latency/],
    ['rows without matrix()', inNetwork({ latency: [[1]] }), TypeError, /matrix\(rows\)/],
    ['a network without a clock', () => new SimulatedNetwork(wrong({})), TypeError, /clock/],
    ['startMs', () => new VirtualClock({ startMs: NaN }), RangeError, /startMs/],
  ])
})

test('arguments: hosts', (t) => {
  const sim = new Simulation()
  const host = (options: unknown) => () => sim.createHost(wrong(options))
  const there = sim.createHost()
  refuse(t, [
    ['no object', host(null), TypeError, /options of a host/],
    ['a slip', host({ adress: '1.2.3.4' }), TypeError, /no option "adress"/],
    ['address', host({ address: 'x' }), TypeError, /address must be an IPv4/],
    ['nat', host({ nat: 'symmetric' }), TypeError, /nat .* got "symmetric"/],
    ['nat null', host({ nat: null }), TypeError, /nat/],
    ['a slip in nat', host({ nat: { kind: 'open', lifetimeMs: 1 } }), TypeError, /lifetimeMs/],
    ['mappingLifetimeMs', host({ nat: { kind: 'open', mappingLifetimeMs: -1 } }), RangeError, /mappingLifetimeMs/],
    ['a Nat of its own', () => new Nat(wrong(null), () => 0), TypeError, /nat/],
    ['place', host({ place: 'here' }), TypeError, /place/],
    ['half a place', host({ place: { x: 1 } }), TypeError, /place\.y/],
    ['place NaN', host({ place: { x: 1, y: 1, accessMs: NaN } }), RangeError, /place\.accessMs/],
    ['sleep', () => there.sleep(NaN), RangeError, /ms/],
    ['sleep without a time', () => there.sleep(wrong(undefined)), TypeError, /ms/],
    ['move', () => there.move(wrong(undefined)), TypeError, /address/],
    ['setNat', () => there.setNat(wrong(undefined)), TypeError, /nat/],
    ['jumpWall', () => there.clock.jumpWall(NaN), RangeError, /ms/],
    ['a timer without a function', () => there.clock.after(1, wrong(undefined)), TypeError, /fn/],
  ])
  t.is(sim.network.hosts.length, 1, 'and none of them was made')
})

test('arguments: nodes', async (t) => {
  const sim = new Simulation()
  t.teardown(() => sim.destroy())
  const host = sim.createHost()
  sim.bootstrapper()
  const hosts = sim.network.hosts.length
  const node = (options: unknown, nodeHost?: unknown) => () => sim.createNode(wrong(options), wrong(nodeHost))
  refuse(t, [
    ['no object', node(null), TypeError, /options of a node/],
    ['an option of the node itself', node({ port: 'x' }), RangeError, /port/],
    ['where it runs', node({}, null), TypeError, /host must|options of a node’s host/],
    ['a slip', node({}, { nats: 'open' }), TypeError, /"nats"/],
    ['host', node({}, { host: '20.0.0.9' }), TypeError, /host/],
    ['a NAT for a host that is there', node({}, { host, nat: 'randomized' }), TypeError, /nat: a host that is there/],
    ['create', node({}, { create: 5 }), TypeError, /create/],
    [
      'create drops its options',
      node({}, { create: ({ transport }: DHTOptions) => new DHT({ transport: transport!, bootstrap: [] }) }),
      TypeError,
      /pass its options on/,
    ],
    ['create makes nothing', node({}, { create: () => undefined }), TypeError, /create must return a DHT/],
    ['startNode', () => sim.startNode(wrong(5)), TypeError, /options of a node/],
    ['bootstrapper', () => sim.bootstrapper(wrong(null)), TypeError, /options of a node/],
    ['count NaN', () => sim.startNodes(NaN), RangeError, /count/],
    ['count that is text', () => sim.startNodes(wrong('3')), TypeError, /count/],
    ['count without an end', () => sim.startNodes(Infinity), RangeError, /count/],
    ['options of many', () => sim.startNodes(1, wrong(null)), TypeError, /options of a node/],
    ['onProgress', () => sim.startNodes(1, {}, {}, wrong('x')), TypeError, /onProgress/],
    ['target', () => sim.trueClosest(new Uint8Array(3)), RangeError, /target/],
    ['target of text', () => trueClosest([], wrong('x'), 1), TypeError, /target/],
    ['k', () => sim.trueClosest(TARGET, NaN), RangeError, /k must/],
  ])
  t.is(sim.network.hosts.length, hosts, 'no host is left of them')
})

test('arguments: time', (t) => {
  const sim = new Simulation()
  const never = new Promise(() => {})
  refuse(t, [
    ['advance by nothing', () => sim.advance(wrong(undefined)), TypeError, /ms/],
    ['advance by text', () => sim.advance(wrong('5')), TypeError, /ms/],
    ['advance by NaN', () => sim.advance(NaN), RangeError, /ms/],
    ['advance for ever', () => sim.advance(Infinity), RangeError, /ms/],
    ['advance back', () => sim.advance(-1), RangeError, /ms/],
    ['run a function', () => sim.run(wrong(() => never)), TypeError, /promise/],
    ['run nothing', () => sim.run(wrong(undefined)), TypeError, /promise/],
    ['limitMs NaN', () => sim.run(never, { limitMs: NaN }), RangeError, /limitMs/],
    ['limitMs that is text', () => sim.run(never, { limitMs: wrong('5') }), TypeError, /limitMs/],
    ['a slip', () => sim.run(never, wrong({ limit: 5 })), TypeError, /"limit"/],
    ['jumpWall', () => sim.clock.jumpWall(NaN), RangeError, /ms/],
    ['a timer without a function', () => sim.clock.after(1, wrong(undefined)), TypeError, /fn/],
  ])
})

test('arguments: links, partitions, datagrams', async (t) => {
  const sim = new Simulation()
  t.teardown(() => sim.destroy())
  const { network } = sim
  const [a, b] = [sim.createHost(), sim.createHost()]
  const mallory = await sim.hostileHost()
  const node = sim.createNode()
  const to = { host: a.address, port: 1 }
  const bytes = Uint8Array.of(1)
  network.partition([a])
  refuse(t, [
    ['latencyMs', () => network.link(a, b, { latencyMs: NaN }), RangeError, /latencyMs/],
    ['a slip', () => network.link(a, b, wrong({ latency: 5 })), TypeError, /a link has no option "latency"/],
    ['no options', () => network.link(a, b, wrong(undefined)), TypeError, /options of a link/],
    ['a node for its host', () => network.link(wrong(node), b, {}), TypeError, /hostOf\(node\)/],
    ['nodes for their hosts', () => network.partition(wrong([node])), TypeError, /hostOf\(node\)/],
    ['an address for a group', () => network.partition(wrong(a.address)), TypeError, /group/],
    ['a host for a group', () => network.partition(wrong(a)), TypeError, /group/],
    ['two groups of one host', () => network.partition([a], [b, a]), TypeError, /in two groups/],
    ['a stranger in a group', () => network.partition([b], ['1.1.1.1']), Error, /no host at 1\.1\.1\.1/],
    ['oneWayMs', () => network.oneWayMs(wrong(node), b), TypeError, /hostOf/],
    ['configure', () => network.configure(wrong({ latency: 5 })), TypeError, /"latency"/],
    ['tap', () => void (network.tap = wrong('x')), TypeError, /tap/],
    ['inject', () => network.inject(wrong({ to, bytes })), TypeError, /from/],
    ['inject text', () => network.inject({ from: to, to, bytes: wrong('x') }), TypeError, /bytes/],
    ['onDatagram', () => sim.hostileHost(wrong('x')), TypeError, /onDatagram/],
    ['port', () => sim.hostileHost(() => {}, { port: 70_000 }), RangeError, /port/],
    ['send text', () => mallory.send(wrong('x'), to), TypeError, /bytes/],
    ['send to a host', () => mallory.send(bytes, wrong(a)), TypeError, /to\.host/],
    ['send to no port', () => mallory.send(bytes, { host: a.address, port: 0 }), RangeError, /to\.port/],
    ['forge', () => mallory.forge(bytes, wrong('x'), to), TypeError, /from/],
  ])
  t.alike([a.group, b.group], [1, 0], 'a partition that fails leaves the one before')
})

test('arguments: churn', async (t) => {
  const sim = new Simulation()
  const elsewhere = new Simulation()
  t.teardown(() => Promise.all([sim.destroy(), elsewhere.destroy()]))
  sim.createNode()
  const stranger = elsewhere.createNode()
  const churn = (options: unknown) => () => sim.churn(wrong(options))
  const halfLifeMs = 1000
  const pending = sim.clock.pending
  refuse(t, [
    ['nothing', churn(undefined), TypeError, /halfLifeMs or sessionMs/],
    ['a slip', churn({ halflifeMs: 1 }), TypeError, /"halflifeMs"/],
    ['halfLifeMs', churn({ halfLifeMs: 'x' }), TypeError, /halfLifeMs/],
    ['sessionMs that is a number', churn({ sessionMs: 60_000 }), TypeError, /sessionMs/],
    ['sessionMs that gives no time', churn({ sessionMs: () => NaN }), RangeError, /sessionMs\(\)/],
    ['pauseMs', churn({ halfLifeMs, pauseMs: 1 }), TypeError, /pauseMs/],
    ['graceful', churn({ halfLifeMs, graceful: '0.2' }), TypeError, /graceful/],
    ['replace', churn({ halfLifeMs, replace: 'no' }), TypeError, /replace/],
    ['create', churn({ halfLifeMs, create: 5 }), TypeError, /create/],
    ['onJoin', churn({ halfLifeMs, onJoin: 5 }), TypeError, /onJoin/],
    ['nodes', churn({ halfLifeMs, nodes: 5 }), TypeError, /nodes/],
    ['nodes of another simulation', churn({ halfLifeMs, nodes: [...sim.nodes, stranger] }), Error, /not of this/],
  ])
  t.is(sim.clock.pending, pending, 'no session has begun')
  sim.churn({ sessionMs: fixed(1), pauseMs: () => -1 })
  await t.exception.all(sim.advance(1000), /pauseMs\(\)/)
  sim.churn({ sessionMs: fixed(1), create: () => undefined as Wrong, nodes: [sim.createNode()] })
  await t.exception.all(sim.advance(1000), /not of this simulation/)
})

test('arguments: models, distributions, randomness', (t) => {
  refuse(t, [
    ['matrix of no rows', () => matrix(wrong(5)), TypeError, /square/],
    ['matrix of numbers', () => matrix(wrong([1, 2])), TypeError, /square/],
    ['matrix of text', () => matrix(wrong([['5']])), RangeError, /milliseconds/],
    ['plane', () => plane(wrong(null)), TypeError, /plane/],
    ['extentMs', () => plane({ extentMs: wrong('5') }), TypeError, /extentMs/],
    ['access', () => plane({ access: { medianMs: -1 } }), RangeError, /medianMs/],
    ['a slip', () => plane(wrong({ access: { median: 1 } })), TypeError, /"median"/],
    ['fixed', () => fixed(wrong('5')), TypeError, /value/],
    ['uniform', () => uniform(2, 1), RangeError, /least <= most/],
    ['exponential', () => exponential(wrong(5)), TypeError, /exponential/],
    ['pareto', () => pareto(wrong({ shape: 1 })), TypeError, /medianMs/],
    ['weibull', () => weibull({ medianMs: 1, shape: 0 }), RangeError, /shape/],
    ['lognormal', () => lognormal(wrong({ medianMs: 5 })), TypeError, /sigma/],
    ['seed', () => seededRandom(wrong('hello')), TypeError, /seed/],
    ['stream', () => seededRandom(1, 0.5), RangeError, /stream/],
    ['sample', () => seededRandom(1).sample([1, 2], 0.5), RangeError, /count/],
    ['redirectTimers', () => redirectTimers(wrong(undefined)), TypeError, /clock/],
    ['its random', () => redirectTimers(new VirtualClock(), { random: wrong(5) }), TypeError, /random/],
    [
      'its sodium',
      () => redirectTimers(new VirtualClock(), { random: seededRandom(1), sodium: wrong({}) }),
      TypeError,
      /sodium/,
    ],
    ['createUdx', () => createUdx(wrong(new Simulation().createHost())), TypeError, /transport/],
  ])
})

test('arguments: a latency that is no time ends the run, and says between whom', async (t) => {
  for (const ms of [NaN, -3, Infinity, '30' as Wrong]) {
    const sim = new Simulation({ network: { latency: () => ms } })
    await t.exception.all(sim.startNodes(2), /latency .* from 20\.0\.\d+\.1 to 20\.0\.\d+\.1/, String(ms))
  }
})

test('arguments: what the tap throws ends the run', async (t) => {
  const sim = new Simulation()
  sim.network.tap = () => {
    throw new Error('a bug in a test')
  }
  await t.exception(sim.startNodes(2), /a bug in a test/)
  t.ok(sim.network.stats.lost.refused > 0)
})

test('arguments: nodes of a class of one’s own are nodes', (t) => {
  class Mine extends DHT {}
  const sim = new Simulation()
  t.ok(sim.createNode({}, { create: (options) => new Mine(options) }) instanceof Mine)
})

test('arguments: whatever is given is given back where it is right, and else refused by name', (t) => {
  const checks: [check: (value: unknown, name: string) => number, isRight: (value: number) => boolean][] = [
    [checkShare, (value) => value >= 0 && value <= 1],
    [checkMeasure, (value) => value >= 0 && value < Infinity],
    [checkPositive, (value) => value > 0 && value < Infinity],
    [checkFinite, (value) => Number.isFinite(value)],
    [checkLimit, (value) => value > 0],
  ]
  const values = fc.oneof(fc.anything(), fc.double(), fc.integer(), fc.double({ min: 0, max: 1 }))
  for (const [check, isRight] of checks) {
    holds(
      t,
      fc.property(values, (value) => {
        const right = typeof value === 'number' && isRight(value)
        try {
          return check(value, 'it') === value && right
        } catch (error) {
          const Expected = typeof value === 'number' ? RangeError : TypeError
          return !right && error instanceof Expected && error.message.startsWith('it must be ')
        }
      }),
      { numRuns: 500 },
    )
  }
})
