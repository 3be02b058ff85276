/** A page that is frozen, or a machine that sleeps, while its connection to the gateway is lost, on virtual time. */
import test, { type Assert } from 'brittle'
import type { DHT } from '../../index.js'
import type { Cancel, Clock } from '../../lib/primitives/clock.js'
import { sameId } from '../../lib/primitives/id.js'
import { GatewayWorld, MINUTE } from './simulated-gateway.js'

/** A clock whose timers do not fire while it is frozen, but all at once when that is over. */
class FreezableClock implements Clock {
  readonly #clock: Clock
  /** Timers that are due; null: not frozen. */
  #held: Set<() => void> | null = null

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
    const cancel = this.#clock.after(delayMs, () => {
      if (this.#held === null) fn()
      else this.#held.add(fire)
    })
    const fire = (): void => fn()
    return () => {
      cancel()
      this.#held?.delete(fire)
    }
  }

  freeze(): void {
    this.#held ??= new Set()
  }

  thaw(): void {
    const held = this.#held ?? []
    this.#held = null
    for (const fire of held) fire()
  }
}

interface FrozenPage {
  world: GatewayWorld
  node: DHT
  id: Uint8Array
  /** Living nodes that it gave up, and not for a quicker one. */
  falseEvictions: string[]
  freeze(): void
  thaw(): Promise<void>
}

/** @param firstTimers whether the timers of a page that goes on come before what its connection has to say */
async function startPage(t: Assert, firstTimers: boolean, graceMs: number): Promise<FrozenPage> {
  const world = new GatewayWorld(t)
  const { sim, links } = world
  world.addGateway({ graceMs })
  await sim.startNodes(60)
  const clock = new FreezableClock(sim.clock)
  const { node } = world.createNode({ ephemeral: false, clock })
  await sim.run(node.fullyBootstrapped())
  await sim.run(world.persistent(node))
  await sim.advance(5 * MINUTE)
  const falseEvictions: string[] = []
  let lastAt = -1
  node.on('remove-node', ({ host }) => {
    if (!sim.network.hostAt(host)?.up) return
    falseEvictions.push(host)
    lastAt = sim.clock.now()
  })
  node.on('add-node', () => {
    if (sim.clock.now() === lastAt) falseEvictions.pop()
    lastAt = -1
  })
  return {
    world,
    node,
    id: Uint8Array.from(node.id!),
    falseEvictions,
    freeze() {
      clock.freeze()
      links.last.hold()
    },
    async thaw() {
      const { last } = links
      if (firstTimers) clock.thaw()
      last.resume()
      if (!firstTimers) await sim.advance(1)
      clock.thaw()
    },
  }
}

const ENDS = {
  'is cut': (page: FrozenPage) => page.world.links.last.cut(),
  'dies without a word': (page: FrozenPage) => page.world.links.last.silence(),
}

for (const [what, end] of Object.entries(ENDS)) {
  for (const firstTimers of [true, false]) {
    const order = firstTimers ? 'timers first' : 'the connection first'
    test(`frozen: a page whose connection ${what} meanwhile comes back as it was, ${order}`, async (t) => {
      const page = await startPage(t, firstTimers, 60 * MINUTE)
      const { world, node, falseEvictions } = page
      const { sim } = world
      const { size } = node.table
      for (const seconds of [8, 45, 600]) {
        page.freeze()
        await sim.advance((seconds * 1000) / 2)
        end(page)
        await sim.advance((seconds * 1000) / 2)
        await page.thaw()
        await sim.advance(2 * MINUTE)
        t.alike(falseEvictions, [], `nobody is given up after ${seconds} s`)
        t.ok(sameId(node.id!, page.id), 'the same id')
        t.is(node.ephemeral, false)
        t.is(node.online, true)
        t.ok(node.table.size >= size, 'it knows whom it knew')
        const answer = await sim.run(sim.nodes[5]!.ping(node.remoteAddress()!))
        t.ok(sameId(answer.from.id!, page.id), 'and answers')
      }
      t.is(world.gateways[0]!.server.stats.sessions.resumed, 3)
    })
  }
}

test('frozen: a page that comes back when its session is over has another id, and knows whom it knew', async (t) => {
  const page = await startPage(t, true, MINUTE)
  const { world, node, falseEvictions } = page
  const { size } = node.table
  page.freeze()
  await world.sim.advance(MINUTE)
  world.links.last.cut()
  await world.sim.advance(10 * MINUTE)
  await page.thaw()
  await world.sim.advance(2 * MINUTE)
  t.is(node.ephemeral, false)
  t.absent(sameId(node.id!, page.id))
  t.alike(falseEvictions, [])
  t.ok(node.table.size >= size * 0.9)
})
