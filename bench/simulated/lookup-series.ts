/** Many lookups for random targets in a network that does not change meanwhile, started at a steady pace. */
import type { Member } from './dht-rpc.js'
import type { Stage } from './stage.js'
import { GRACE_MS, type LookupSample, type RunningLookup, startLookup } from './timed-lookup.js'

/** Virtual time between the starts of two lookups of the same asking. */
export const LOOKUP_INTERVAL_MS = 100

/** Those whose lookups are measured. */
export interface Asking {
  /** Who asks in this turn, counted from 0. */
  pick(turn: number): Member
  /** What came of it. Called in the order of turns. */
  take(sample: LookupSample, turn: number): void
}

/**
 * Runs lookups. Several askings look up the same targets in the same network, one shortly after the other.
 *
 * @param lookups of each asking
 */
export async function runLookups(stage: Stage, askings: readonly Asking[], lookups: number): Promise<void> {
  const { network, random } = stage
  const living = network.members.filter(({ node }) => !node.ephemeral)
  const running: { asking: Asking; turn: number; lookup: RunningLookup }[] = []
  for (let turn = 0; turn < lookups; turn++) {
    const target = random.bytes(32)
    for (const asking of askings) {
      const asker = asking.pick(turn)
      const lookup = startLookup(stage, asker, target, () => living.filter((member) => member !== asker))
      running.push({ asking, turn, lookup })
      await network.advance(LOOKUP_INTERVAL_MS / askings.length)
    }
    stage.progress(`${turn + 1} lookups`)
  }
  await network.run(Promise.all(running.map(({ lookup }) => lookup.ended)))
  await network.advance(GRACE_MS)
  for (const { asking, turn, lookup } of running) asking.take(lookup.result(), turn)
}
