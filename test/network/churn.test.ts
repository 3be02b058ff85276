/** Nodes that vanish without a word: lookups go on, and come to be exact again among those that are left. */
import test from 'brittle'
import { seededRandom } from '../helpers/contacts.js'
import { type Lookups, lookUp, type Network, startNetwork } from './network.js'

const SIZE = 100
const KILLED = 20
const ROUND = 100
/** Lookups at a time: those that wait for the dead do not hold up the others. */
const LANES = 10
/** Rounds in which the network may find out who is gone; lookups are what it learns from. */
const MAX_SETTLING_ROUNDS = 5

/** Destroys some of the members, never the bootstrapper, and takes them out of `nodes`. */
async function kill(network: Network, count: number, random: { below(limit: number): number }): Promise<Set<number>> {
  const ports = new Set<number>()
  for (let i = 0; i < count; i++) {
    const [node] = network.nodes.splice(1 + random.below(network.nodes.length - 1), 1)
    ports.add(node!.port)
    await node!.destroy()
  }
  return ports
}

test(
  `network: a fifth of ${SIZE} nodes vanish, and lookups end with the closest that live`,
  { timeout: 170_000 },
  async (t) => {
    const seed = Math.floor(Math.random() * 2 ** 32)
    const random = seededRandom(seed)
    const network = await startNetwork(t, SIZE)
    const { nodes } = network
    const dead = await kill(network, KILLED, random)
    t.comment(`seed ${seed}`)

    const rounds: Lookups[] = []
    do {
      const round = await lookUp(nodes, ROUND, random, LANES)
      rounds.push(round)
      const stale = nodes.reduce((sum, node) => sum + node.toArray().filter(({ port }) => dead.has(port)).length, 0)
      const share = (round.found * 100).toFixed(2)
      t.comment(
        `${round.exact} of ${ROUND} exact, ${share} % found, ${round.ms.toFixed()} ms each, ${stale} stale contacts`,
      )
      for (const miss of round.misses) t.comment(miss)
    } while (rounds.at(-1)!.exact < ROUND && rounds.length < MAX_SETTLING_ROUNDS)

    t.ok(rounds[0]!.found > 0.95, 'even at once nearly all of the closest are found')
    t.is(rounds.at(-1)!.exact, ROUND, `exact after ${rounds.length} rounds`)
    const settled = await lookUp(nodes, ROUND, random, LANES)
    t.comment(`settled: ${settled.exact} of ${ROUND} exact, ${settled.ms.toFixed()} ms each`)
    t.is(settled.exact, ROUND, 'and stays so')
  },
)
