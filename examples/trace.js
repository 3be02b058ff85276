/**
 * What a lookup does, hop by hop: a node joins a network of 200 of which every fifth has died, and tells all it does.
 *
 *     node examples/trace.js
 *
 * The network is a simulated one, so minutes take a moment, and nothing leaves this process. In a real one it is the
 * same option: `new DHT({ trace })` hears of all lookups of a node, `node.query(message, { trace })` of that query.
 */
import { formatTrace } from 'xorpc'
import { Simulation } from 'xorpc/simulation'

const sim = new Simulation({ seed: 1 })
const nodes = await sim.startNodes(200)
for (const node of sim.random.sample(nodes, 40)) sim.hostOf(node).kill()

const trace = []
const client = sim.createNode({ ephemeral: true, trace: (event) => trace.push(event) })
await sim.run(client.fullyBootstrapped())

// One line for each node that was asked, nearest to the target first.
const text = formatTrace(trace, { layout: 'nodes' })
console.log(text.split('\n').slice(0, 12).join('\n'))

// One line for each event, of a part of the trace: what became of the first that nobody waited for any more.
const { node: dead } = trace.find(({ type }) => type === 'presumed-dead')
const story = formatTrace(trace.filter(({ node }) => node === dead))
console.log(`\n${story.split('\n').slice(1, 6).join('\n')}`)

// Events are plain data: numbers, strings and null.
const answers = trace.filter(({ type }) => type === 'answered')
const done = trace.at(-1)
console.log(`\n${done.closest.length} found after ${Math.round(done.atMs)} ms and ${done.transmissions} requests`)
console.log(`longest way: ${Math.max(...answers.map(({ node }) => node.hop)) + 1} hops`)
console.log(`slowest answer: ${Math.round(Math.max(...answers.map(({ rttMs }) => rttMs)))} ms`)

await sim.destroy()
