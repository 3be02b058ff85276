/** Figure 3: forged writes by every path, and a deletion that has to hold when old replicas come back. */
import b4a from 'b4a'
import { DHT } from '../../index.js'
import { blake2b } from '../../lib/primitives/hash.js'
import { RECORD_COMMAND } from '../../lib/records/codec/commands.js'
import {
  announceSignable,
  encodeAnnounce,
  encodeMutablePut,
  encodePeer,
  HYPERDHT_COMMAND,
  mutableSignable,
} from '../../lib/records/codec/hyperdht.js'
import { decodePutReply, encodeGet, encodePut } from '../../lib/records/codec/messages.js'
import { encodeRecord, recordTarget, type SignedRecord } from '../../lib/records/codec/record.js'
import { signRecord, signWith } from '../../lib/records/client/key-pair.js'
import type { Entry, KeyPair } from '../../lib/records/index.js'
import { type Member, RecordsNetwork, sameBytes, valueOf } from './network.js'

export interface ForgeryOptions {
  readonly seed: number
  readonly nodes: number
  readonly writes: number
}

export interface ForgeryFigures {
  readonly writes: number
  /** Writes by path. */
  readonly byPath: Readonly<Record<Path, number>>
  /** Writes that a holder said it had taken. */
  readonly accepted: number
  /** Entries found afterwards in any store that are not the owner's, of all. */
  readonly forgedEntries: number
  /** Announcements of the victim's in any store, before and after. */
  readonly announced: number
  readonly stillAnnounced: number
  /** Reads of the victim's record afterwards that gave its genuine value, of `reads`. */
  readonly genuineReads: number
  readonly reads: number
}

const PATHS = ['put', 'handover', 'mutable', 'immutable', 'restore', 'announce', 'unannounce'] as const
type Path = (typeof PATHS)[number]

const NO_SALT = new Uint8Array(0)
const READS = 50

/** What the victim announces, and what the attacker would like it to have announced. */
const RELAY = { host: '20.1.2.3', port: 4321 }
const FALSE_RELAY = { host: '20.6.6.6', port: 666 }

/** Ways to make something of the owner's record that the owner has not signed. */
type Forger = (genuine: SignedRecord, attacker: KeyPair, random: (limit: number) => number) => Promise<SignedRecord>

const FORGERS: readonly Forger[] = [
  async (genuine, _, random) => ({ ...genuine, seq: genuine.seq + 1, signature: flip(genuine.signature, random(512)) }),
  async (genuine) => ({ ...genuine, seq: genuine.seq + 1 }),
  async (genuine) => ({ ...genuine, round: genuine.round + 1 }),
  async (genuine) => ({ ...genuine, ttlMs: genuine.ttlMs * 2, signedAtMs: genuine.signedAtMs + 1 }),
  async (genuine, _, random) => withValue({ ...genuine, seq: genuine.seq + 1 }, valueOf(random(65_536))),
  async (genuine) => withValue({ ...genuine, seq: genuine.seq + 1, tombstone: true }, NO_SALT),
  async (genuine, attacker, random) => {
    // Signed, but by somebody else.
    const value = valueOf(random(65_536))
    const signed = await signRecord(attacker, { ...genuine, seq: genuine.seq + 1 }, value)
    return { ...signed, publicKey: genuine.publicKey }
  },
  // Genuinely the attacker's, sent to the key of the victim.
  (genuine, attacker, random) => signRecord(attacker, { ...genuine, seq: genuine.seq + 1 }, valueOf(random(65_536))),
]

export async function measureForgery({ seed, nodes, writes }: ForgeryOptions): Promise<ForgeryFigures> {
  const network = await RecordsNetwork.start(nodes, seed, { refreshIntervalMs: 0 })
  const { sim, members } = network
  try {
    const [victim, attacker] = [await network.keyPair(1), await network.keyPair(2)]
    const target = recordTarget(victim.publicKey, NO_SALT, '')
    const put = await sim.run(members[0]!.records.put({ keyPair: victim, value: valueOf(1), republish: false }))
    await sim.run(put.settled)
    const read = await sim.run(members[1]!.records.get(victim.publicKey))
    const genuine = read.record!
    const entry = await entryUnder(network, target)
    const topic = blake2b(valueOf(2)).slice()
    await sim.run(members[2]!.records.hyperdht.announce(topic, victim, { relayAddresses: [RELAY] }))
    const announcement = encodePeer({ publicKey: victim.publicKey, relayAddresses: [RELAY] })
    const announced = await countAnnouncements(network, announcement)
    const mallory = await sim.startNode({ ephemeral: true }, { create: (options) => new DHT(options) })
    const byPath = Object.fromEntries(PATHS.map((path) => [path, 0])) as Record<Path, number>
    let accepted = 0
    await network.forEach(Array.from({ length: writes }), async (_, i) => {
      const path = PATHS[i % PATHS.length]!
      const member = members[i % members.length]!
      const forged = await FORGERS[sim.random.below(FORGERS.length)]!(genuine, attacker, (limit) =>
        sim.random.below(limit),
      )
      byPath[path]++
      const attempt: Attempt = { path, member, target, topic, forged, victim, attacker, entry, salt: i }
      if (await isTaken(attempt, mallory)) accepted++
    })
    let forgedEntries = 0
    for (const { records } of members) {
      for await (const found of records.entries()) {
        const isGenuine =
          found.kind === 'peer' ? b4a.equals(found.value, announcement) : b4a.equals(found.signature, genuine.signature)
        if (!isGenuine) forgedEntries++
      }
    }
    let genuineReads = 0
    await network.forEach(Array.from({ length: READS }), async () => {
      const { value } = await sim.random.pick(members).records.get(victim.publicKey)
      if (sameBytes(value, valueOf(1))) genuineReads++
    })
    const stillAnnounced = await countAnnouncements(network, announcement)
    return { writes, byPath, accepted, forgedEntries, announced, stillAnnounced, genuineReads, reads: READS }
  } finally {
    await network.destroy()
  }
}

interface Attempt {
  readonly path: Path
  readonly member: Member
  readonly target: Uint8Array
  readonly topic: Uint8Array
  readonly forged: SignedRecord
  readonly victim: KeyPair
  readonly attacker: KeyPair
  readonly entry: Entry
  readonly salt: number
}

/** Makes the attempt. @returns whether the holder says that it has taken it */
async function isTaken(attempt: Attempt, mallory: Member['node']): Promise<boolean> {
  const { path, member, forged, entry } = attempt
  if (path === 'restore') {
    const { seq, signature } = forged
    const outcome = await member.records.restore({
      ...entry,
      seq,
      value: forged.value!,
      signature,
      proof: flip(entry.proof, 40),
    })
    return outcome === 'stored'
  }
  const to = { host: member.node.host!, port: member.node.port }
  const asked = encodeGet({ channel: '', subkey: NO_SALT, headOnly: true, known: null })
  const isAnnounced = path === 'announce' || path === 'unannounce'
  const target = isAnnounced ? attempt.topic : (await messageOf(attempt)).target
  const { token } = await mallory.request({ command: RECORD_COMMAND.GET, target, value: asked }, to)
  const message = isAnnounced ? await announcementOf(attempt, path, token!) : await messageOf(attempt)
  const reply = await mallory.request({ ...message, token }, to)
  if (reply.error !== 0) return false
  if (message.command !== RECORD_COMMAND.PUT) return true
  return reply.value !== null && decodePutReply(reply.value)?.refusal === null
}

async function messageOf({ path, target, forged, victim, attacker, salt }: Attempt) {
  const value = valueOf(salt)
  if (path === 'mutable') {
    // The key and the name of the victim, the signature of the attacker.
    const { publicKey } = victim
    const signature = await signWith(attacker, mutableSignable(9, value))
    const body = encodeMutablePut({ publicKey, seq: 9, value, signature })
    return { command: HYPERDHT_COMMAND.MUTABLE_PUT, target: blake2b(publicKey).slice(), value: body }
  }
  if (path === 'immutable') {
    return { command: HYPERDHT_COMMAND.IMMUTABLE_PUT, target: blake2b(valueOf(salt + 1)).slice(), value }
  }
  const expiresAtMs = forged.signedAtMs + forged.ttlMs
  const kept = path === 'handover' ? { channel: '', expiresAtMs, heldUntilMs: expiresAtMs } : null
  const body = encodePut({ kind: 'record', expected: null, kept, body: encodeRecord(forged) })
  return { command: RECORD_COMMAND.PUT, target, value: body }
}

/** The victim's key, and a signature that is not the victim's word on this. */
async function announcementOf(
  { member, topic, victim, attacker, salt }: Attempt,
  purpose: 'announce' | 'unannounce',
  token: Uint8Array,
) {
  const { publicKey } = victim
  const peer = encodePeer({ publicKey, relayAddresses: [FALSE_RELAY] })
  const binding = { target: topic, nodeId: member.node.id!, token }
  const signable = announceSignable(binding, peer, null, purpose)
  const signatures = [
    () => signWith(attacker, signable),
    // The victim's, for another topic, another node, another token, the other command, and turned over in a bit.
    () => signWith(victim, announceSignable({ ...binding, target: publicKey }, peer, null, purpose)),
    () => signWith(victim, announceSignable({ ...binding, nodeId: publicKey }, peer, null, purpose)),
    () => signWith(victim, announceSignable({ ...binding, token: publicKey }, peer, null, purpose)),
    () => signWith(victim, announceSignable(binding, peer, null, purpose === 'announce' ? 'unannounce' : 'announce')),
    async () => flip(await signWith(victim, signable), salt % 512),
  ]
  const signature = await signatures[salt % signatures.length]!()
  const command = purpose === 'announce' ? HYPERDHT_COMMAND.ANNOUNCE : HYPERDHT_COMMAND.UNANNOUNCE
  return { command, target: topic, value: encodeAnnounce({ peer, signature, bump: 0 }) }
}

async function countAnnouncements({ members }: RecordsNetwork, announcement: Uint8Array): Promise<number> {
  let count = 0
  for (const { records } of members) {
    for await (const { kind, value } of records.entries()) {
      if (kind === 'peer' && b4a.equals(value, announcement)) count++
    }
  }
  return count
}

async function entryUnder(network: RecordsNetwork, target: Uint8Array): Promise<Entry> {
  for (const { records } of network.members) {
    for await (const entry of records.entries()) if (b4a.equals(entry.target, target)) return entry
  }
  throw new Error('nobody holds the record')
}

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const out = Uint8Array.from(bytes)
  out[bit >> 3]! ^= 1 << (bit & 7)
  return out
}

function withValue(record: SignedRecord, value: Uint8Array): SignedRecord {
  return { ...record, value, valueHash: blake2b(value).slice() }
}

export interface DeletionOptions {
  readonly seed: number
  readonly nodes: number
  /** Holders that are away while the record is deleted. */
  readonly away: number
  readonly reads: number
}

export interface DeletionFigures {
  readonly reads: number
  /** Reads after the old replicas came back, that gave the deleted value. */
  readonly undead: number
  /** Reads that said that it is deleted. */
  readonly deleted: number
  /** Reads after the end of the tombstone that gave the deleted value. */
  readonly undeadAfterEnd: number
}

const MINUTE_MS = 60_000
const TTL_MS = 60 * MINUTE_MS

export async function measureDeletion({ seed, nodes, away, reads }: DeletionOptions): Promise<DeletionFigures> {
  const network = await RecordsNetwork.start(nodes, seed, { refreshIntervalMs: MINUTE_MS })
  const { sim, members } = network
  try {
    const keyPair = await network.keyPair(1)
    const holders = network.closest(recordTarget(keyPair.publicKey, NO_SALT, ''))
    const owner = members.find((member) => !holders.includes(member))!
    const put = await sim.run(owner.records.put({ keyPair, value: valueOf(1), ttlMs: TTL_MS }))
    await sim.run(put.settled)
    const gone = sim.random.sample(holders, away)
    for (const { node } of gone) sim.hostOf(node).sleep(5 * MINUTE_MS)
    const { expiresAtMs } = await sim.run(owner.records.delete({ keyPair }))
    await sim.advance(5 * MINUTE_MS)
    const count = async (): Promise<Record<string, number>> => {
      const states: Record<string, number> = { found: 0, deleted: 0 }
      await network.forEach(Array.from({ length: reads }), async () => {
        const { state } = await sim.random.pick(members).records.get(keyPair.publicKey)
        states[state] = (states[state] ?? 0) + 1
      })
      return states
    }
    const before = await count()
    await sim.advance(expiresAtMs - sim.clock.wallTime() + 1)
    const after = await count()
    return { reads, undead: before.found!, deleted: before.deleted!, undeadAfterEnd: after.found! }
  } finally {
    await network.destroy()
  }
}
