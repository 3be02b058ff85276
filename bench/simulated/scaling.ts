/** Lookups by members of a network of some size, all of whose nodes are alive. */
import type { SubjectName } from '../subject.js'
import { runLookups } from './lookup-series.js'
import { openStage, residentsOf } from './stage.js'
import type { LookupSample } from './timed-lookup.js'

export interface ScalingJob {
  network: SubjectName
  seed: number
  nodes: number
  lookups: number
}

/** Measures one network. */
export async function measureScaling({ network, seed, nodes, lookups }: ScalingJob): Promise<LookupSample[]> {
  const stage = await openStage({ kind: network, nodes, seed })
  const members = residentsOf(stage.network, network)
  const samples: LookupSample[] = []
  const asking = { pick: () => stage.random.pick(members), take: (sample: LookupSample) => samples.push(sample) }
  await runLookups(stage, [asking], lookups)
  await stage.network.close()
  return samples
}
