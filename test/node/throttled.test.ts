/** Nodes in pages that nobody looks at: timers come once a second, later once a minute, or not at all for a while. */
import test, { type Assert } from 'brittle'
import type { DHT } from '../../index.js'
import type { Cancel, Clock } from '../../lib/primitives/clock.js'
import { sameId } from '../../lib/primitives/id.js'
import { Simulation } from '../../lib/simulation/index.js'

const MINUTE = 60_000

/** A clock whose timers fire at whole multiples of a time only, as browsers do it for hidden pages. */
class ThrottledClock implements Clock {
  /** 0: as they are set. */
  grainMs = 0
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  now(): number {
    return this.#clock.now()
  }

  wallTime(): number {
    return this.#clock.wallTime()
  }

  after(delayMs: number, fn: () => void): Cancel {
    const now = this.now()
    const due = now + delayMs
    return this.#clock.after(this.grainMs === 0 ? delayMs : Math.ceil(due / this.grainMs) * this.grainMs - now, fn)
  }
}

interface Page {
  sim: Simulation
  node: DHT
  clock: ThrottledClock
  /** Living nodes that it gave up, and not for a quicker one. */
  falseEvictions: string[]
}

async function createPage(t: Assert, seed: number): Promise<Page> {
  const sim = new Simulation({ seed, network: { loss: 0.01 } })
  t.teardown(() => sim.destroy())
  await sim.startNodes(60)
  const host = sim.network.createHost()
  const clock = new ThrottledClock(host.clock)
  const node = sim.createNode({ clock, ephemeral: false }, { host })
  await sim.run(node.fullyBootstrapped())
  await sim.advance(5 * MINUTE)
  const falseEvictions: string[] = []
  let lastAt = -1
  node.on('remove-node', (contact) => {
    if (!sim.network.hostAt(contact.host)?.up) return
    falseEvictions.push(contact.host)
    lastAt = sim.clock.now()
  })
  node.on('add-node', () => {
    if (sim.clock.now() === lastAt) falseEvictions.pop()
    lastAt = -1
  })
  return { sim, node, clock, falseEvictions }
}

/** Share of the true 20 nearest that its lookups find. */
async function exactness({ sim, node }: Page): Promise<number> {
  let found = 0
  for (let i = 0; i < 5; i++) {
    const target = sim.random.bytes(32)
    const query = node.findNode(target)
    await sim.run(query.finished())
    const truth = sim.trueClosest(target, 21).filter((other) => other !== node)
    const hits = truth.slice(0, 20).filter(({ id }) => query.closestNodes.some((peer) => sameId(peer.id!, id!)))
    found += hits.length / 20 / 5
  }
  return found
}

for (const [what, grainMs] of [
  ['once a second', 1000],
  ['once a minute', MINUTE],
] as const) {
  test(`throttled: with timers ${what} nobody is given up, and lookups find what is there`, async (t) => {
    const page = await createPage(t, grainMs)
    const { sim, node, clock, falseEvictions } = page
    const size = node.table.size
    clock.grainMs = grainMs
    await sim.advance(30 * MINUTE)
    t.alike(falseEvictions, [])
    t.ok(node.table.size >= size)
    t.ok((await exactness(page)) > 0.97)
    const answer = await sim.run(sim.nodes[5]!.ping(sim.addressOf(node)))
    t.ok(answer.rtt < 1000, 'it answers at once: messages are not throttled')
    clock.grainMs = 0
    await sim.advance(10 * MINUTE)
    t.alike(falseEvictions, [])
    t.absent(node.ephemeral, 'and is persistent, in view again')
    t.is(node.online, true)
  })
}

test('throttled: a page whose timers come once a minute behaves as after sleep', async (t) => {
  const { sim, node, clock } = await createPage(t, 3)
  let wakeups = 0
  node.on('wakeup', () => void wakeups++)
  clock.grainMs = MINUTE
  await sim.advance(5 * MINUTE)
  t.ok(wakeups >= 4, `${wakeups} wake-ups in five minutes`)
})

test('throttled: a request that is not answered fails late, but fails', async (t) => {
  const { sim, node, clock } = await createPage(t, 4)
  clock.grainMs = 1000
  const before = sim.clock.now()
  const failed = node.ping({ host: '20.99.99.99', port: 50_000 }).catch((error: { code: string }) => error.code)
  t.is(await sim.run(failed), 'REQUEST_TIMEOUT')
  t.ok(sim.clock.now() - before < 30_000)
})
