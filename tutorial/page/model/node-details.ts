/** All about one node, as plain data: its state and its routing table, bucket by bucket. */
import type { Contact } from 'xorpc'
import type { BucketView, ContactView, NodeDetails } from './frame.js'
import { sharedBits } from './keyspace.js'
import { type TutorialNode, toHex } from './tutorial-node.js'

/** Values of a node that are listed. */
const VALUES_SHOWN = 10

const decoder = new TextDecoder()

export function detailsOf(key: number, node: TutorialNode): NodeDetails {
  const { table, stats } = node
  const id = toHex(table.id)
  return {
    key,
    ephemeralReason: node.ephemeralReason,
    seenAs: node.host === null ? null : `${node.host}:${node.port || 'changing port'}`,
    firewalled: node.firewalled,
    online: node.online,
    tableSize: table.size,
    k: table.k,
    buckets: bucketsOf(id, table.toArray()),
    estimate: node.networkSize?.nodes ?? null,
    received: stats.datagrams.requests,
    sent: stats.requests.total,
    values: [...node.values]
      .slice(-VALUES_SHOWN)
      .reverse()
      .map(([target, value]) => ({ target, text: decoder.decode(value) })),
  }
}

/** The buckets that hold somebody, fewest shared bits first, the contacts of each in order of their ids. */
function bucketsOf(id: string, contacts: readonly Contact[]): BucketView[] {
  const buckets = new Map<number, ContactView[]>()
  for (const contact of contacts) {
    const contactId = toHex(contact.id)
    const bits = sharedBits(id, contactId)
    const { host, port, srttMs } = contact
    const view = { id: contactId, host, port, rttMs: Number.isNaN(srttMs) ? null : srttMs }
    const bucket = buckets.get(bits)
    if (bucket === undefined) buckets.set(bits, [view])
    else bucket.push(view)
  }
  return [...buckets]
    .sort(([a], [b]) => a - b)
    .map(([bits, list]) => ({ bits, contacts: list.sort((a, b) => (a.id < b.id ? -1 : 1)) }))
}
