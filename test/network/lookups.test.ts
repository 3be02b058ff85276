/** In a quiet network every lookup ends with the true closest nodes, whoever asks for whatever. */
import test from 'brittle'
import { areInOrder, FAR_APART, lookUp, ONE_MACHINE, startNetwork, trueClosest } from './simulated.js'

const LOOKUPS = 1000

const K = 20

const PLACES = { 'on one machine': ONE_MACHINE, 'far apart': FAR_APART }

for (const [name, network] of Object.entries(PLACES)) {
  for (const size of [100, 300]) {
    test(`network: ${LOOKUPS} lookups among ${size} nodes ${name} are exact`, async (t) => {
      const { sim, nodes } = await startNetwork(t, size, { seed: size, network })
      const { exact, ms, misses } = await lookUp(sim, nodes, { count: LOOKUPS })
      t.comment(`${ms.toFixed()} ms per lookup`)
      for (const miss of misses) t.comment(miss)
      t.is(exact, LOOKUPS)
      const failures = nodes.reduce((sum, node) => sum + node.stats.requests.timeouts, 0)
      t.is(failures, 0, 'nobody waited in vain')
    })
  }
}

test('network: every node is known to others, and knows its own neighbours', async (t) => {
  const { sim, nodes } = await startNetwork(t, 100)
  const missed: string[] = []
  for (const node of nodes) {
    const query = node.findNode(node.id!)
    await sim.run(query.finished())
    // A full k-bucket keeps those it has.
    const { table } = node
    const known = query.closestNodes.filter(({ id }) => table.has(id!) || table.bucketOf(id!).length >= table.k)
    const lacking = query.closestNodes.length - known.length
    if (lacking > 0) missed.push(`a node misses ${lacking} of its neighbours`)
    if (!nodes.some((other) => other.table.has(node.id!))) missed.push('a node is known to nobody')
  }
  t.alike(missed, [])
})

test('network: where a target is looked up again, those around it are asked at once, and few others', async (t) => {
  const { sim, nodes } = await startNetwork(t, 500)
  const lookups = 20
  let atOnce = 0
  let requests = 0
  for (let i = 0; i < lookups; i++) {
    const asker = nodes[100 + i]!
    const target = nodes[300 + i]!.id!
    await sim.run(asker.findNode(target).finished())
    const steps: string[] = []
    const query = asker.findNode(target, { trace: ({ type }) => steps.push(type) })
    await sim.run(query.finished())
    const asks = (types: string[]): number => types.filter((type) => type === 'asked').length
    requests += asks(steps)
    if (asks(steps.slice(0, steps.indexOf('answered'))) === K) atOnce++
    t.ok(areInOrder(query.closestNodes, trueClosest(nodes, target, asker)))
  }
  t.ok(atOnce >= 0.85 * lookups, `${atOnce} of ${lookups} asked the ${K} nearest at once`)
  t.ok(requests <= 1.2 * K * lookups, `${requests / lookups} requests`)
})

for (const [name, network] of Object.entries(PLACES)) {
  test(`network: who looks for one answer among known nodes ${name} asks no more than it takes`, async (t) => {
    const { sim, nodes } = await startNetwork(t, 300, { network })
    for (const node of nodes) node.on('request', (request) => request.reply())
    const lookups = 20
    let before = 0
    let all = 0
    for (let i = 0; i < lookups; i++) {
      const [asker, target] = [nodes[100 + i]!, nodes[200 + i]!.id!]
      await sim.run(asker.findNode(target).finished())
      const steps: string[] = []
      const query = asker.query({ target, command: 7 }, { trace: ({ type }) => steps.push(type) })
      const first = (async () => {
        for await (const reply of query) return reply.from
        return null
      })()
      t.ok(await sim.run(first))
      const asks = (types: string[]): number => types.filter((type) => type === 'asked').length
      before += asks(steps.slice(0, steps.indexOf('answered')))
      all += asks(steps)
    }
    // Far away the others are asked before anybody can have answered, and the result takes one round trip.
    const [least, most] = name === 'far apart' ? [0.6 * K, K] : [4, 6]
    t.ok(before >= least * lookups && before <= most * lookups, `${before / lookups} before the first answer`)
    t.ok(all <= (most + 4) * lookups, `${all / lookups} in all`)
  })
}
