/** Code of the user that throws: it is told, never swallowed, and the node lives on with its books in order. */
import b4a from 'b4a'
import test, { type Assert } from 'brittle'
import DHT, { type DHTError, type DHTOptions, type Request } from '../../index.js'
import { idFromAddress } from '../../lib/primitives/id.js'
import { collectUncaught, rejectionOf, uncaughtTold } from '../helpers/errors.js'
import { MINUTE, Simulation } from '../helpers/simulation.js'

const TARGET = idFromAddress('1.2.3.4', 5)

/** A node, and another one that asks it. */
async function createPair(t: Assert, options: DHTOptions = {}) {
  const sim = new Simulation(t)
  const node = await sim.start({ ephemeral: false, ...options })
  const asker = await sim.start({ ephemeral: true })
  const ask = (command = 1) => sim.run(asker.request({ command, target: TARGET }, sim.addressOf(node)))
  return { sim, node, asker, ask }
}

test('callbacks: a request listener that throws is told, answered with error 15, and the node lives on', async (t) => {
  const { node, ask } = await createPair(t)
  const told: [unknown, Request][] = []
  const failure = new Error('boom')
  node.on('request', () => {
    throw failure
  })
  node.on('request-error', (error, request) => void told.push([error, request]))
  const reply = await ask(7)
  t.is(reply.error, 15)
  t.is(reply.error, DHT.ERROR_HANDLER_FAILED)
  t.is(reply.token, null)
  t.is(told.length, 1)
  t.is(told[0]![0], failure)
  t.is(told[0]![1].command, 7)
  t.is((await ask(8)).error, 15)
  t.is(told.length, 2)
})

test('callbacks: a request listener that rejects is told and answered, also late', async (t) => {
  const { sim, node, ask } = await createPair(t)
  const told: unknown[] = []
  const failLater: () => unknown = async () => {
    await new Promise<void>((resolve) => void sim.clock.after(100, resolve))
    throw new Error('later')
  }
  node.on('request', failLater)
  node.on('request-error', (error) => void told.push(error))
  t.is((await ask()).error, 15)
  t.is((told[0] as Error).message, 'later')
})

test('callbacks: a listener that fails after it answered sends nothing more', async (t) => {
  const { sim, node, ask } = await createPair(t)
  let told = 0
  node.on('request', (req) => {
    req.reply(b4a.from('done'))
    throw new Error('boom')
  })
  node.on('request-error', () => void told++)
  sim.record = true
  t.is((await ask()).error, 0)
  t.is(told, 1)
  const answers = sim.datagrams.filter(({ fromHost, bytes }) => fromHost === sim.hostOf(node) && bytes[0] === 0x13)
  t.is(answers.length, 1)
})

test('callbacks: the failure of one listener leaves the others alone', async (t) => {
  const { node, ask } = await createPair(t)
  node.on('request-error', () => {})
  node.on('request', () => {
    throw new Error('boom')
  })
  let heard = 0
  node.on('request', () => void heard++)
  await ask()
  t.is(heard, 1)
})

test('callbacks: a bad answer of a listener is its failure', async (t) => {
  const { node, ask } = await createPair(t)
  const told: Error[] = []
  node.on('request', (req) => req.reply(new Uint8Array(3000)))
  node.on('request-error', (error) => void told.push(error as Error))
  t.is((await ask()).error, 15)
  t.ok(told[0] instanceof RangeError)
})

test('callbacks: without a listener for failures the first is printed, and the node lives on', async (t) => {
  const { node, ask } = await createPair(t)
  const printed: unknown[][] = []
  const original = console.error
  console.error = (...args: unknown[]) => void printed.push(args)
  t.teardown(() => (console.error = original))
  node.on('request', () => {
    throw new Error('boom')
  })
  t.is((await ask()).error, 15)
  t.is((await ask()).error, 15)
  t.is(printed.length, 1)
  t.ok(String(printed[0]![0]).includes('request-error'))
})

test('callbacks: without a request listener the answer is error 1; once is once', async (t) => {
  const { node, ask } = await createPair(t)
  t.is((await ask()).error, DHT.ERROR_UNKNOWN_COMMAND)
  node.once('request', (req) => req.reply())
  t.is((await ask()).error, 0)
  t.is((await ask()).error, DHT.ERROR_UNKNOWN_COMMAND)
})

test('callbacks: a subclass may override onrequest, and its failure counts as a listener that failed', async (t) => {
  class Mine extends DHT {
    override onrequest(request: Request): unknown {
      if (request.command === 1) return false
      if (request.command === 2) throw new Error('boom')
      request.reply()
      return true
    }
  }
  const sim = new Simulation(t)
  const host = sim.nextHost()
  const node = Mine.bootstrapper(10001, host, { transport: sim.network.transport(host), clock: sim.clock })
  t.teardown(() => node.destroy())
  let told = 0
  node.on('request-error', () => void told++)
  await sim.run(node.fullyBootstrapped())
  const asker = await sim.start({ ephemeral: true })
  const errors: number[] = []
  for (const command of [1, 2, 3]) errors.push((await sim.run(asker.request({ command }, { host, port: 10001 }))).error)
  t.alike(errors, [1, 15, 0])
  t.is(told, 1)
})

test('callbacks: an error listener that throws is uncaught, and the node lives on', async (t) => {
  const uncaught = collectUncaught(t)
  const { node, ask } = await createPair(t)
  node.on('request', () => {
    throw new Error('boom')
  })
  node.on('request-error', () => {
    throw new Error('boom again')
  })
  t.is((await ask()).error, 15)
  await uncaughtTold()
  t.alike(
    uncaught.map((error) => (error as Error).message),
    ['boom again'],
  )
  t.is((await ask()).error, 15)
})

test('callbacks: listeners of any event may throw, while the node joins, sleeps, changes and ends', async (t) => {
  const uncaught = collectUncaught(t)
  const sim = new Simulation(t)
  await sim.startMany(10)
  const node = sim.create()
  const heard = new Set<string>()
  const names = 'listening ready bootstrap persistent ephemeral wakeup wake-up nat-update network-change'
    .concat(' network-update add-node remove-node suspend resume close')
    .split(' ')
  for (const name of names) {
    node.on(name as 'ready', () => {
      heard.add(name)
      throw new Error(`boom ${name}`)
    })
  }
  await sim.run(node.fullyBootstrapped())
  await sim.clock.advance(25 * MINUTE)
  t.is(node.ephemeral, false)
  const lost = sim.nodes[1]!
  sim.block(sim.hostOf(lost))
  sim.sleep(node, 60 * MINUTE)
  await sim.clock.advance(20 * MINUTE)
  t.is(node.ephemeral, true)
  t.absent(node.toArray().some(({ host }) => host === sim.hostOf(lost)))
  t.is(node.table.recency.length, node.table.size)
  sim.move(sim.hostOf(node), sim.nextHost())
  await sim.clock.advance(1000)
  await sim.run(node.suspend())
  await sim.run(node.resume())
  await sim.clock.advance(MINUTE)
  t.ok(node.table.size >= 9)
  t.is(node.stats.requests.active, 0)
  await node.destroy()
  await uncaughtTold()
  t.alike([...heard].sort(), names.sort())
  t.ok(uncaught.length >= names.length)
  t.ok(uncaught.every((error) => (error as Error).message.startsWith('boom ')))
  t.is(sim.network.boundSockets(sim.hostOf(node)), 0)
})

test('callbacks: a filter that throws refuses the node, is uncaught, and breaks nothing', async (t) => {
  const uncaught = collectUncaught(t)
  const sim = new Simulation(t)
  await sim.startMany(6)
  const refused = sim.hostOf(sim.nodes[2]!)
  const node = await sim.start({
    ephemeral: true,
    filterNode: ({ host }) => {
      if (host === refused) throw new Error('boom')
      return true
    },
  })
  await sim.clock.advance(MINUTE)
  node.addNode({ host: refused, port: 5 })
  const query = node.findNode(TARGET)
  await sim.run(query.finished())
  await uncaughtTold()
  t.ok(uncaught.length > 0)
  t.ok(uncaught.every((error) => (error as Error).message === 'boom'))
  t.absent(node.toArray().some(({ host }) => host === refused))
  t.absent(query.closestNodes.some(({ host }) => host === refused))
  t.ok(query.closestNodes.length >= 5)
})

test('callbacks: a filter keeps its node out of tables and lookups', async (t) => {
  const sim = new Simulation(t)
  await sim.startMany(6)
  await sim.clock.advance(20_000)
  const refused = sim.hostOf(sim.nodes[2]!)
  sim.record = true
  const node = await sim.start({ ephemeral: true, filterNode: ({ host }) => host !== refused })
  await sim.clock.advance(MINUTE)
  await sim.run(node.findNode(TARGET).finished())
  t.is(node.table.size, 6)
  t.absent(sim.datagrams.some(({ fromHost, toHost }) => fromHost === sim.hostOf(node) && toHost === refused))
})

test('callbacks: a map that throws ends the query with its error, and nothing is left', async (t) => {
  const { sim, asker } = await createPair(t)
  const failure = new Error('boom')
  const query = asker.findNode(TARGET, {
    map: () => {
      throw failure
    },
  })
  t.is(await rejectionOf(sim.run(query.finished())), failure)
  await sim.clock.advance(10_000)
  t.is(asker.stats.queries.active, 0)
  t.is(asker.stats.requests.active, 0)
})

test('W-C14: a commit that throws, or returns no promise, is an outcome like any other', async (t) => {
  const { sim, node, asker } = await createPair(t)
  node.on('request', (req) => req.reply())
  sim.bootstrapper.on('request', (req) => req.reply())
  const failing = asker.query(
    { target: TARGET, command: 1 },
    {
      commit: () => {
        throw new Error('boom')
      },
    },
  )
  const error = (await rejectionOf(sim.run(failing.finished()))) as DHTError
  t.is(error.code, 'COMMIT_FAILED')
  t.is((error.cause as Error).message, 'boom')
  const plain = asker.query({ target: TARGET, command: 1 }, { commit: () => 5 })
  await sim.run(plain.finished())
  t.ok(plain.commits.length === 2 && plain.commits.every(({ ok, result }) => ok && result === 5))
  t.is(asker.stats.queries.active, 0)
})

test('W-C13: a commit that every node refuses fails', async (t) => {
  const { sim, node, asker } = await createPair(t)
  for (const each of [node, sim.bootstrapper]) {
    each.on('request', (req) => (req.token === null ? req.reply() : req.error(16)))
  }
  const query = asker.query({ target: TARGET, command: 1 }, { commit: true })
  const error = (await rejectionOf(sim.run(query.finished()))) as DHTError
  t.is(error.code, 'COMMIT_FAILED')
  t.ok(/error 16/.test((error.cause as Error).message))
})

test('callbacks: a consumer that throws ends its loop, and the query with it', async (t) => {
  const { sim, asker } = await createPair(t)
  const loop = async (): Promise<void> => {
    for await (const reply of asker.findNode(TARGET)) throw new Error(`boom ${reply.error}`)
  }
  t.is((await rejectionOf(sim.run(loop())))?.message, 'boom 0')
  await sim.clock.advance(10_000)
  t.is(asker.stats.queries.active, 0)
  t.is(asker.stats.requests.active, 0)
})
