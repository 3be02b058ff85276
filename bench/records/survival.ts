/** Figure 1: small records after a part of the network has died at once, without a word. */
import { RecordsNetwork, sameBytes, valueOf } from './network.js'

export interface SurvivalOptions {
  readonly seed: number
  readonly nodes: number
  readonly records: number
  /** Share of the nodes that die. */
  readonly killed: number
}

export interface SurvivalFigures {
  readonly records: number
  /** Records that were read back, each by one read of a random living node, at once after the deaths. */
  readonly readable: number
  /** Nodes that died. */
  readonly dead: number
}

export async function measureSurvival({ seed, nodes, records, killed }: SurvivalOptions): Promise<SurvivalFigures> {
  const network = await RecordsNetwork.start(nodes, seed, { refreshIntervalMs: 0 })
  const { sim, members } = network
  try {
    const keyPairs = await network.fill(records)
    const victims = sim.random.sample(members, Math.round(nodes * killed))
    for (const victim of victims) network.kill(victim)
    const { living } = network
    let readable = 0
    await network.forEach(keyPairs, async ({ publicKey }, i) => {
      const read = await sim.random
        .pick(living)
        .records.get(publicKey)
        .catch(() => null)
      if (read !== null && sameBytes(read.value, valueOf(i))) readable++
    })
    return { records, readable, dead: victims.length }
  } finally {
    await network.destroy()
  }
}
