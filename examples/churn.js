/**
 * Does an app survive on a network where machines vanish? Here a small one is tested on 100 simulated nodes, of which a
 * fifth are replaced without notice every hour, for three hours of network time, in a few seconds. The app is a store:
 * half of its values are put again every half an hour, the others are put once.
 *
 *     node examples/churn.js
 */
import { createHash } from 'node:crypto'
import { Simulation } from 'xorpc/simulation'

const PUT = 0
const GET = 1

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const NODES = 100
const VALUES = 20
const HOURS = 3
/** After it, half of the nodes are others. */
const HALF_LIFE_MS = HOUR / Math.log2(1 / 0.8)
const RENEW_MS = 30 * MINUTE

const hash = (value) => createHash('sha256').update(value).digest()

/** The app. It takes its timers from a clock, so that the test need not wait for them. */
class Store {
  /** @param {import('xorpc').DHT} node @param {import('xorpc').Clock} clock */
  constructor(node, clock) {
    this.node = node
    this.clock = clock
    this.values = new Map()
    node.on('request', (req) => {
      const key = Buffer.from(req.target ?? []).toString('hex')
      if (req.command === GET) return req.reply(this.values.get(key))
      if (req.token !== null && req.target !== null && req.value !== null && hash(req.value).equals(req.target)) {
        this.values.set(key, req.value)
      }
      return req.reply()
    })
  }

  async put(value) {
    const query = this.node.query({ target: hash(value), command: PUT, value }, { commit: true })
    await query.finished()
  }

  /** Puts it now, and again and again. */
  keep(value) {
    this.put(value).catch(() => {}) // the next time may succeed
    this.clock.after(RENEW_MS, () => this.keep(value))
  }

  async get(key) {
    for await (const { value } of this.node.query({ target: key, command: GET })) {
      if (value !== null && hash(value).equals(key)) return value
    }
    return null
  }
}

const sim = new Simulation({ seed: 2026, network: { loss: 0.01 } })

/** @type {Set<Store>} */
const stores = new Set()

function start(options) {
  const node = sim.createNode(options)
  const store = new Store(node, sim.hostOf(node).clock)
  stores.add(store)
  return store
}

/** Copies of a value on nodes that are alive. */
function copiesOf(key) {
  const living = new Set(sim.livingNodes)
  return [...stores].filter(({ node, values }) => living.has(node) && values.has(key.toString('hex'))).length
}

async function report(name, values, reader) {
  const keys = values.map(hash)
  let found = 0
  for (const key of keys) if ((await sim.run(reader.get(key))) !== null) found++
  const copies = keys.map(copiesOf).sort((a, b) => a - b)
  console.log(`  ${name}: ${found} of ${values.length} found; copies: ${copies[0]} to ${copies.at(-1)}`)
}

// The network grows: 20 nodes at a time.
for (let i = 0; i < NODES; i += 20) {
  const wave = Array.from({ length: 20 }, () => start({ ephemeral: false }))
  await sim.run(Promise.all(wave.map(({ node }) => node.fullyBootstrapped())))
}
const network = [...stores].map(({ node }) => node)

// Two users behind home routers, which nobody keeps a value at. They are not part of the churn.
const writer = start({ ephemeral: true })
const reader = start({ ephemeral: true })
await sim.run(Promise.all([writer.node.fullyBootstrapped(), reader.node.fullyBootstrapped()]))

const kept = Array.from({ length: VALUES }, (_, i) => Buffer.from(`kept ${i}`))
const left = Array.from({ length: VALUES }, (_, i) => Buffer.from(`left ${i}`))
for (const value of kept) writer.keep(value)
await sim.run(Promise.all(left.map((value) => writer.put(value))))
console.log(`${NODES} nodes, ${2 * VALUES} values`)
await report('renewed', kept, reader)
await report('put once', left, reader)

const churn = sim.churn({
  nodes: network,
  halfLifeMs: HALF_LIFE_MS,
  create: () => start({ ephemeral: false }).node,
  onLeave: (node) => stores.forEach((store) => store.node === node && stores.delete(store)),
})
for (let hour = 1; hour <= HOURS; hour++) {
  await sim.advance(HOUR)
  const old = network.filter((node) => sim.livingNodes.includes(node)).length
  console.log(`after ${hour} h: ${churn.leaves} nodes have vanished, ${old} of the first ${NODES} are left`)
  await report('renewed', kept, reader)
  await report('put once', left, reader)
}
await sim.destroy()
