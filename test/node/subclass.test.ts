/** What classes that extend the node rely on: names that are theirs, hooks, and when those are called. */
import test from 'brittle'
import DHT, { type DHTEvents, type DHTOptions, type Request } from '../../index.js'
import { idFromAddress } from '../../lib/primitives/id.js'
import { Simulation } from '../helpers/simulation.js'

const TARGET = idFromAddress('1.2.3.4', 5)
const NOBODY = { host: '20.9.9.9', port: 1 }

const FREE_FIELDS =
  'defaultKeyPair listening connectionKeepAlive rawStreams plugins _router _socketPool _persistent ' +
  '_validatedLocalAddresses _relayAddressesCache _deferRandomPunch _lastRandomPunch _connectable ' +
  '_randomPunchInterval _randomPunches _randomPunchLimit'

const FREE_METHODS =
  'connect createServer pool validateLocalAddresses findPeer lookup lookupAndUnannounce unannounce announce ' +
  'immutableGet immutablePut mutableGet mutablePut createRawStream _requestAnnounce _requestUnannounce register'

test('subclass: names that subclasses use are free, before and after the node has joined', async (t) => {
  const sim = new Simulation(t)
  const node = sim.create({ ephemeral: false })
  const names = `${FREE_FIELDS} ${FREE_METHODS}`.split(' ')
  t.alike(
    names.filter((name) => name in node),
    [],
  )
  await sim.run(node.ready())
  t.alike(
    names.filter((name) => name in node),
    [],
  )
  t.alike(
    ['keyPair', 'hash', 'connectRawStream', 'BOOTSTRAP', 'FIREWALL'].filter((name) => name in DHT),
    [],
  )
})

test('subclass: a subclass may replace stats by a shallow copy, which goes on counting', async (t) => {
  const sim = new Simulation(t)
  const node = await sim.start({ ephemeral: true })
  await sim.clock.advance(10_000)
  const extended = { punches: { random: 0 }, ...node.stats }
  node.stats = extended
  t.ok(Object.hasOwn(node, 'stats'))
  const before = structuredClone(node.stats)
  await sim.run(node.ping(sim.addressOf(sim.bootstrapper)))
  await sim.run(node.findNode(TARGET).finished())
  t.is(node.stats, extended)
  t.ok(extended.requests.total > before.requests.total)
  t.ok(extended.requests.responses > before.requests.responses)
  t.is(extended.queries.total, before.queries.total + 1)
  t.ok(extended.commands.ping.rx > before.commands.ping.rx)
  t.ok(extended.commands.findNode.tx > before.commands.findNode.tx)
  // Health reads the counters that it counts in.
  extended.requests.timeouts += 1000
  t.ok(await sim.clock.runUntil(() => node.health.timeouts >= 1000, 6000))
})

test('subclass: onrequest is looked up when the request comes', async (t) => {
  const sim = new Simulation(t)
  const [node] = await sim.startMany(1)
  const asker = await sim.start({ ephemeral: true })
  const ask = async () => (await sim.run(asker.request({ command: 1 }, sim.addressOf(node!)))).error
  t.is(await ask(), 1)
  node!.onrequest = (request: Request) => request.error(33)
  t.is(await ask(), 33)
  node!.onrequest = () => false
  t.is(await ask(), 1)
})

test('subclass: the default onrequest tells whether somebody listens', (t) => {
  const node = new Simulation(t).create()
  t.is(node.onrequest(null as never), false)
  const heard: unknown[] = []
  node.on('request', (request) => void heard.push(request))
  t.is(node.onrequest(null as never), true)
  t.alike(heard, [null])
})

test('subclass: bootstrapper of a subclass makes one, and its options come last', (t) => {
  class Mine extends DHT {
    mine = true
  }
  const sim = new Simulation(t)
  const host = sim.nextHost()
  const platform = { transport: sim.network.transport(host), clock: sim.clock }
  const node = Mine.bootstrapper(4000, host, { ...platform, bootstrap: ['1.2.3.4:5'], concurrency: 3 })
  t.teardown(() => node.destroy())
  t.ok(node instanceof Mine && node.mine)
  t.alike([node.host, node.port], [host, 4000])
  t.is(node.firewalled, false)
  t.is(node.config.concurrency, 3)
  t.is(node.bootstrapNodes.length, 1)
})

test('subclass: nothing is told and no hook called before the constructor returned', async (t) => {
  const early: string[] = []
  class Mine extends DHT {
    readonly constructed: boolean
    readonly log: string[] = []

    constructor(options: DHTOptions) {
      super(options)
      this.constructed = true
    }

    override emit<E extends keyof DHTEvents>(event: E, ...args: DHTEvents[E]): boolean {
      if (this.constructed) this.log.push(event)
      else early.push(event)
      return super.emit(event, ...args)
    }

    override onrequest(request: Request): unknown {
      if (!this.constructed) early.push('onrequest')
      return super.onrequest(request)
    }
  }
  const sim = new Simulation(t)
  const host = sim.nextHost()
  const node = new Mine({ transport: sim.network.transport(host), clock: sim.clock, nodes: [NOBODY] })
  t.teardown(() => node.destroy())
  t.alike(early, ['add-node'], 'but for the nodes given')
  t.alike(node.log, [])
  t.alike(node.toArray(), [NOBODY])
  await sim.run(node.ready())
  t.alike(node.log.slice(0, 2), ['listening', 'ready'])
})

test('subclass: suspend, resume and destroy take whatever subclasses pass, and wait', async (t) => {
  const sim = new Simulation(t)
  const node = await sim.start()
  for (const call of [node.suspend({ log: {} }), node.resume({ log: {} }), node.destroy({ force: true })]) {
    t.ok(call instanceof Promise)
    await sim.run(call)
  }
  await sim.run(node.destroy())
})
