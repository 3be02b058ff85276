/** Shows the lookups by which a node joins, among all that its `trace` option tells. */
import type { LookupEvent } from 'xorpc'
import type { Lookups } from './lookups.js'
import type { LookupWatch, TutorialNode } from './tutorial-node.js'

/** @param nodeOf the node, which is made after its options */
export function joinTrace(lookups: Lookups, nodeOf: () => TutorialNode): (event: LookupEvent) => void {
  let watch: LookupWatch | null = null
  let lookup = 0
  return (event) => {
    if (event.type === 'started' && event.kind === 'join') {
      watch = lookups.watch(nodeOf(), null, 'joins: it looks for its own id')
      lookup = event.lookup
    }
    if (event.lookup === lookup) watch?.trace(event)
  }
}
