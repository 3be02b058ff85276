/** Nodes that start in the same moment, when nobody knows anybody yet. */
import test from 'brittle'
import { seededRandom } from '../helpers/contacts.js'
import { lookUp, startNetwork } from './network.js'

const SIZE = 100

/** Nodes that started together come to know each other in some seconds, without anybody looking anything up. */
const SETTLING_MS = 10_000

const LOOKUPS = 500

test(`network: ${SIZE} nodes that start in the same moment find each other`, { timeout: 60_000 }, async (t) => {
  const seed = Math.floor(Math.random() * 2 ** 32)
  const { nodes } = await startNetwork(t, SIZE, { batch: SIZE })
  const sizes = (): number[] => nodes.map(({ table }) => table.size)
  const fewest = (): number => Math.min(...sizes())
  t.comment(`seed ${seed}; joined, the poorest node knows ${fewest()} others`)
  await new Promise((resolve) => setTimeout(resolve, SETTLING_MS))
  t.comment(`after ${SETTLING_MS / 1000} s it knows ${fewest()}`)
  t.ok(fewest() >= 20, 'every node knows 20 others')
  const { exact, misses } = await lookUp(nodes, LOOKUPS, seededRandom(seed))
  for (const miss of misses) t.comment(miss)
  t.is(exact, LOOKUPS, 'all lookups are exact')
})
