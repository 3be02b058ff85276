import test from 'brittle'
import { Contacts } from '../../lib/node/contacts.js'
import type { PingOutcome } from '../../lib/node/errands.js'
import { formatIPv4 } from '../../lib/primitives/address.js'
import { commonPrefixLength, idFromIp, type NodeInfo, sameId } from '../../lib/primitives/id.js'
import type { Contact } from '../../lib/routing/contact.js'
import { seededRandom } from '../helpers/contacts.js'

const K = 20
const PORT = 10001
const MINUTE = 60_000

interface Peer {
  ip: number
  host: string
  port: number
  key: number
  id: Uint8Array
}

/** The node with this number: each has a public host, and a /24, of its own. */
function peer(serial: number): Peer {
  const ip = 20 * 2 ** 24 + 256 * serial
  return { ip, host: formatIPv4(ip), port: PORT, key: ip * 65536 + PORT, id: idFromIp(ip, PORT) }
}

/** Contacts on a time of their own; pings wait until the test settles them. */
class Harness {
  time = 0
  readonly pings: { node: NodeInfo; settled: (outcome: PingOutcome) => void }[] = []
  readonly log: string[] = []
  /** Given up while nobody answered. */
  readonly lost: string[] = []
  /** Given up because they did not answer. */
  readonly silenced: string[] = []
  readonly contacts: Contacts
  /** Address keys of those that a request of ours is on its way to. */
  readonly asking = new Set<number>()

  constructor(filter: ((node: NodeInfo) => boolean) | null = null, id = seededRandom(7).bytes(32)) {
    this.contacts = new Contacts(
      {
        now: () => this.time,
        isNear: () => false,
        isAsking: (ip, port) => this.asking.has(ip * 65536 + port),
        ping: (node, settled) => void this.pings.push({ node, settled }),
        askNewcomer: (node, settled) => void this.pings.push({ node, settled }),
        onLost: ({ host }: Contact) => void this.lost.push(host),
        onSilenced: ({ host }: Contact) => void this.silenced.push(host),
        onAdd: ({ host }: Contact) => void this.log.push(`+${host}`),
        onRemove: ({ host }: Contact) => void this.log.push(`-${host}`),
      },
      id,
      K,
      filter,
    )
  }

  get size(): number {
    return this.contacts.table.size
  }

  has({ id }: Peer): boolean {
    return this.contacts.table.has(id)
  }

  answer({ host, ip, port, id }: Peer, sentId: Uint8Array | null = id): Contact | null {
    return this.contacts.onAnswer(host, ip, port, sentId, NaN)
  }

  request({ host, ip, port, id }: Peer): void {
    this.contacts.onRequest(host, ip, port, id)
  }

  /** Peers that belong into the bucket of those sharing no bit with us. */
  ofFirstBucket(count: number): Peer[] {
    const out: Peer[] = []
    for (let serial = 1; out.length < count; serial++) {
      const one = peer(serial)
      if (commonPrefixLength(one.id, this.contacts.table.id) === 0) out.push(one)
    }
    return out
  }

  /** What the node does with the answer to a ping, or with its absence. */
  settlePing(outcome: PingOutcome): NodeInfo {
    const { node, settled } = this.pings.shift()!
    settled(outcome)
    return node
  }
}

test('contacts: who answers us with its id is one', (t) => {
  const h = new Harness()
  const contact = h.answer(peer(1))!
  t.is(contact.host, peer(1).host)
  t.alike(h.log, [`+${peer(1).host}`])
  h.time = 500
  t.is(h.answer(peer(1)), contact, 'the same record')
  t.is(contact.seenAt, 500)
  t.is(h.size, 1)
  t.alike(h.pings, [], 'nobody had to be asked')
})

test('contacts: who answers without an id is none, and no longer one', (t) => {
  const h = new Harness()
  t.is(h.answer(peer(1), null), null)
  t.is(h.size, 0)
  h.answer(peer(1))
  t.is(h.answer(peer(1), null), null, 'it has become ephemeral')
  t.alike(h.log, [`+${peer(1).host}`, `-${peer(1).host}`])
})

test('contacts: a newcomer whose answer is on its way is not asked once more', (t) => {
  const h = new Harness()
  h.asking.add(peer(1).key)
  h.request(peer(1))
  t.alike([h.pings.length, h.contacts.pendingChecks, h.size], [0, 0, 0])
  h.request(peer(2))
  t.is(h.pings.length, 1, 'another one is')
  h.answer(peer(1))
  t.is(h.size, 1, 'its answer makes it a contact')
  h.answer(peer(1), null)
  h.asking.delete(peer(1).key)
  h.request(peer(1))
  t.is(h.pings.length, 2, 'asked where none is expected any more')
})

test('W-S3, W-S8: a request alone makes nobody a contact: it is asked first', (t) => {
  const h = new Harness()
  h.request(peer(1))
  h.request(peer(1))
  t.is(h.size, 0)
  t.is(h.pings.length, 1, 'asked once at a time')
  t.is(h.contacts.pendingChecks, 1)
  t.alike(h.pings[0]!.node.id, peer(1).id)
  h.settlePing('silent')
  t.is(h.size, 0)
  t.is(h.contacts.pendingChecks, 0)
  h.request(peer(1))
  h.answer(peer(1))
  h.settlePing('answered')
  t.is(h.size, 1)
  h.request(peer(1))
  t.is(h.pings.length, 0, 'a contact is not asked again')
})

test('W-S8: newcomers being asked are bounded', (t) => {
  const h = new Harness()
  for (let serial = 1; serial <= 500; serial++) h.request(peer(serial))
  t.ok(h.pings.length <= 64, `${h.pings.length} pings`)
  t.is(h.contacts.pendingChecks, h.pings.length)
})

test('contacts: a request of a contact counts as a sign of life', (t) => {
  const h = new Harness()
  const contact = h.answer(peer(1))!
  h.answer(peer(2))
  h.time = 1000
  h.request(peer(1))
  t.is(contact.seenAt, 1000)
  t.is(h.contacts.table.recency.latest, contact)
})

test('W-C15: adding a node twice keeps one record', (t) => {
  const h = new Harness()
  const { host, ip, port } = peer(1)
  h.contacts.add(host, ip, port)
  h.time = 100
  h.contacts.add(host, ip, port)
  t.is(h.size, 1)
  t.is(h.contacts.table.recency.length, 1)
  t.is([...h.contacts.table.recency].length, 1)
  t.alike(h.log, [`+${host}`])
  t.is(h.contacts.table.recency.latest!.seenAt, 100)
  t.alike(h.contacts.table.recency.latest!.id, peer(1).id, 'its id is the hash of its address')
  h.contacts.onUnanswered(peer(1).key, true, h.time)
  t.is(h.size, 0)
  t.is(h.contacts.table.recency.length, 0, 'no orphan is left')
})

test('contacts: our own id is never one', (t) => {
  const h = new Harness(null, peer(1).id)
  t.is(h.answer(peer(1)), null)
  h.request(peer(1))
  h.contacts.add(peer(1).host, peer(1).ip, PORT)
  t.is(h.size, 0)
  t.is(h.pings.length, 0)
})

test('contacts: the filter keeps a node out, whichever way it comes', (t) => {
  const seen: string[] = []
  const h = new Harness((node) => {
    seen.push(node.host)
    return node.host !== peer(1).host
  })
  t.is(h.answer(peer(1)), null)
  h.request(peer(1))
  h.contacts.add(peer(1).host, peer(1).ip, PORT)
  t.is(h.size, 0)
  t.is(h.pings.length, 0)
  t.is(seen.length, 3)
  h.answer(peer(2))
  t.is(h.size, 1)
})

test('contacts: one silence is enough while others answer, three are needed while nobody does', (t) => {
  const h = new Harness()
  h.answer(peer(1))
  h.answer(peer(2))
  const stayMute = (times: number): void => {
    for (let i = 0; i < times; i++) {
      h.time += MINUTE
      h.contacts.onUnanswered(peer(2).key, false, h.time)
    }
  }
  h.contacts.onUnanswered(peer(1).key, true, h.time)
  t.absent(h.has(peer(1)))
  stayMute(2)
  t.ok(h.has(peer(2)))
  h.answer(peer(2))
  stayMute(2)
  t.ok(h.has(peer(2)), 'an answer in between counts')
  stayMute(1)
  t.absent(h.has(peer(2)))
  h.contacts.onUnanswered(peer(3).key, true, h.time)
  t.is(h.lost.length, 1, 'the one that nobody spoke against may come back')
  t.alike(h.silenced, [peer(1).host, peer(2).host])
  t.is(h.log.length, 4, 'a stranger is no matter')
})

test('contacts: a newcomer that was met since it was asked in vain is not given up for that', (t) => {
  const h = new Harness()
  h.request(peer(1))
  t.is(h.pings.length, 1, 'it is asked')
  const askedAt = h.time
  h.time += 500
  h.answer(peer(1))
  h.time += 1000
  h.contacts.onUnanswered(peer(1).key, true, askedAt)
  t.ok(h.has(peer(1)), 'the question got lost, not the node')
  h.contacts.onUnanswered(peer(1).key, true, h.time)
  t.absent(h.has(peer(1)), 'a silence since then counts')
})

test('contacts: a busy application does not empty the table as soon as the network is gone', (t) => {
  const h = new Harness()
  h.answer(peer(1))
  h.answer(peer(2))
  for (let i = 0; i < 100; i++) {
    h.time += 500
    h.contacts.onUnanswered(peer(1).key, false, h.time)
    h.contacts.onUnanswered(peer(2).key, false, h.time)
  }
  t.is(h.size, 2, 'for a minute')
  h.contacts.onUnanswered(peer(1).key, true, h.time)
  t.is(h.size, 1, 'evidence needs no patience')
})

test('W-S5: a down hint about a living contact has it asked, and no more', (t) => {
  const h = new Harness()
  const contact = h.answer(peer(1))!
  h.contacts.onDownHint(peer(1).key)
  t.is(h.pings.length, 0, 'it was heard a moment ago')
  h.time = 5000
  h.contacts.onDownHint(peer(1).key)
  t.is(h.pings.length, 1)
  h.contacts.onDownHint(peer(1).key)
  t.is(h.pings.length, 1, 'once while it is being asked')
  h.answer(peer(1))
  h.settlePing('answered')
  t.ok(h.has(peer(1)))
  t.is(contact.downHints, 0, 'its answer clears the count')
  h.contacts.onDownHint(peer(1).key)
  t.is(h.pings.length, 0, 'strangers do not set the pace')
  h.contacts.onDownHint(peer(9).key)
  t.is(h.pings.length, 0, 'nobody is asked about a stranger')
})

test('W-S5: checks that strangers cause by down hints are bounded', (t) => {
  const h = new Harness()
  for (let serial = 1; serial <= 40; serial++) h.answer(peer(serial))
  h.time = 5000
  for (const { key } of h.contacts.table.toArray()) h.contacts.onDownHint(key)
  t.is(h.pings.length, 10)
  t.is(h.contacts.pendingChecks, 10)
  while (h.pings.length > 0) h.settlePing('answered')
  t.is(h.contacts.pendingChecks, 0)
})

test('contacts: a newcomer to a full bucket takes the place of a stale contact that does not answer', (t) => {
  const h = new Harness()
  const peers = h.ofFirstBucket(K + 1)
  const newcomer = peers[K]!
  for (const one of peers.slice(0, K)) h.answer(one)
  h.answer(newcomer)
  t.is(h.pings.length, 0, 'all were heard just now: it is forgotten')
  h.time = 10 * MINUTE
  for (const one of peers.slice(1, K)) h.answer(one)
  h.answer(newcomer)
  t.alike(h.pings[0]!.node.id, peers[0]!.id, 'the one heard longest ago')
  h.settlePing('silent')
  t.absent(h.has(peers[0]!))
  t.ok(h.has(newcomer))
  t.alike(h.log.slice(-2), [`-${peers[0]!.host}`, `+${newcomer.host}`])
})

test('contacts: a check that was broken off changes nothing', (t) => {
  const h = new Harness()
  const peers = h.ofFirstBucket(K + 1)
  for (const one of peers.slice(0, K)) h.answer(one)
  h.time = 10 * MINUTE
  h.answer(peers[K]!)
  h.settlePing('given-up')
  t.ok(h.has(peers[0]!), 'as when the node is suspended')
  t.absent(h.has(peers[K]!))
  h.time += 5000
  h.contacts.onDownHint(peers[0]!.key)
  h.settlePing('given-up')
  t.ok(h.has(peers[0]!))
  t.is(h.contacts.pendingChecks, 0)
})

test('contacts: a stale contact that answers keeps its place', (t) => {
  const h = new Harness()
  const peers = h.ofFirstBucket(K + 1)
  for (const one of peers.slice(0, K)) h.answer(one)
  h.time = 10 * MINUTE
  h.answer(peers[K]!)
  h.answer(peers[0]!)
  h.settlePing('answered')
  t.ok(h.has(peers[0]!))
  t.absent(h.has(peers[K]!))
  t.is(h.contacts.pendingChecks, 0)
})

test('W-C3: buckets still make room after the id has changed', (t) => {
  const h = new Harness()
  h.contacts.changeId(seededRandom(99).bytes(32))
  const peers = h.ofFirstBucket(K + 1)
  for (const one of peers.slice(0, K)) h.answer(one)
  h.contacts.changeId(h.contacts.table.id.map((byte, i) => (i === 31 ? byte ^ 1 : byte)))
  h.time = 10 * MINUTE
  h.answer(peers[K]!)
  t.is(h.pings.length, 1)
  h.settlePing('silent')
  t.ok(h.has(peers[K]!))
})

test('W-C26: contacts that find no place around the new id are told, and our own record is gone', (t) => {
  const h = new Harness()
  for (let serial = 1; serial <= 200; serial++) h.answer(peer(serial))
  const before = h.size
  const added = h.log.length
  const own = [...h.contacts.table.recency][3]!
  h.contacts.changeId(own.id)
  const removed = h.log.slice(added)
  t.ok(removed.every((line) => line.startsWith('-')))
  t.is(h.size, before - removed.length)
  t.ok(removed.includes(`-${own.host}`))
  t.is(h.contacts.table.recency.length, h.size)
  t.ok(sameId(h.contacts.table.id, own.id))
})

test('W-C21: a ping round loses no turn to contacts that need none', (t) => {
  const h = new Harness()
  for (let serial = 1; serial <= 30; serial++) h.answer(peer(serial))
  t.is(h.contacts.pingRound(false), 0, 'all were heard just now')
  h.time = 2 * MINUTE
  const rounds = [h.contacts.pingRound(false), h.contacts.pingRound(false), h.contacts.pingRound(true)]
  t.alike(rounds, [3, 3, 2], 'fewer while the node is busy')
  const asked = h.pings.map(({ node }) => node.host)
  t.is(new Set(asked).size, 8, 'each time others')
})

test('W-P9: every contact is asked within 15 minutes, whatever the size of the table', (t) => {
  const h = new Harness()
  const peers = new Map<string, Peer>()
  for (let serial = 1; serial <= 3000; serial++) {
    peers.set(peer(serial).host, peer(serial))
    h.answer(peer(serial))
  }
  const asked = new Set<string>()
  const { size } = h
  for (let ms = 0; ms < 16 * MINUTE; ms += 40_000) {
    h.time = 2 * MINUTE + ms
    h.contacts.pingRound(false)
    for (const { node } of h.pings.splice(0)) {
      asked.add(node.host)
      h.answer(peers.get(node.host)!)
    }
  }
  t.ok(size > 100, `${size} contacts`)
  t.is(asked.size, size)
})

test('contacts: after a sleep all look old, whatever they were', (t) => {
  const h = new Harness()
  h.time = 120 * MINUTE
  for (let serial = 1; serial <= 8; serial++) h.answer(peer(serial))
  t.is(h.contacts.pingRound(false), 0)
  h.contacts.markStale(60 * MINUTE)
  t.is(h.contacts.pingRound(false), 3)
  for (const contact of h.contacts.table.recency) t.ok(contact.seenAt <= 60 * MINUTE)
})

test('contacts: a refresh looks up somebody we know, or ourselves', (t) => {
  const h = new Harness()
  const random = seededRandom(3)
  t.is(h.contacts.refreshTarget(random), h.contacts.table.id)
  h.answer(peer(1))
  t.alike(h.contacts.refreshTarget(random), peer(1).id)
})
