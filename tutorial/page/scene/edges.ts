/** The lines of the picture: whom a lookup asks, who named whom, where a commit goes, whom a node knows. Pure. */
import type { LookupNodeView, LookupView, NodeDetails } from '../model/frame.js'

export type EdgeKind = 'contact' | 'named' | 'asked' | 'slow' | 'answered' | 'failed' | 'commit' | 'committed'

export interface Edge {
  kind: EdgeKind
  /** Ids. */
  from: string
  to: string
  /** Number of the bucket, for contacts. */
  bits: number
}

/** Lines from a node to its contacts. */
export function contactEdges(id: string, { buckets }: NodeDetails): Edge[] {
  return buckets.flatMap(({ bits, contacts }) =>
    contacts.map((contact) => ({ kind: 'contact' as const, from: id, to: contact.id, bits })),
  )
}

/** Lines of a lookup, those that matter most last, so that they lie on top. */
export function lookupEdges({ asker, closest, waiting, rest, frontier }: LookupView): Edge[] {
  const edges: Edge[] = []
  const add = (kind: EdgeKind, from: string, to: string) => edges.push({ kind, from, to, bits: 0 })
  for (const { by, id } of [...closest, ...waiting, ...rest, ...frontier]) {
    if (by !== null) add('named', by, id)
  }
  for (const node of [...rest, ...closest, ...waiting]) add(kindOf(node), asker, node.id)
  return edges
}

function kindOf({ status, commit }: LookupNodeView): EdgeKind {
  if (commit === 'accepted') return 'committed'
  if (commit === 'asked') return 'commit'
  if (status === 'answered' || status === 'failed' || status === 'asked') return status
  return 'slow'
}
