/**
 * HyperDHT's storage messages, as bytes (docs/RECORDS.md, "HyperDHT's storage"). Decoders never throw: what is malformed
 * is null. They return views into the bytes they got.
 */
import b4a from 'b4a'
import c from 'compact-encoding'
import { parseIPv4 } from '../../primitives/address.js'
import { blake2b, HASH_BYTES } from '../../primitives/hash.js'
import { ByteReader } from './byte-reader.js'
import { encodeFields, raw, sized, uint } from './fields.js'

/** HyperDHT's numbers of the commands about storage. */
export const HYPERDHT_COMMAND = {
  LOOKUP: 3,
  ANNOUNCE: 4,
  UNANNOUNCE: 5,
  MUTABLE_PUT: 6,
  MUTABLE_GET: 7,
  IMMUTABLE_PUT: 8,
  IMMUTABLE_GET: 9,
} as const

/** Whether a command is about storage at HyperDHT. */
export function isHyperdhtCommand(command: number): boolean {
  return command >= HYPERDHT_COMMAND.LOOKUP && command <= HYPERDHT_COMMAND.IMMUTABLE_GET
}

export const SIGNATURE_BYTES = 64
export const PUBLIC_KEY_BYTES = 32
const ADDRESS_BYTES = 6

/** An announcement on a topic: whose, and which nodes pass messages on to it. */
export interface AnnouncedPeer {
  /** 32-byte public key. */
  publicKey: Uint8Array
  /** Nodes that relay to it, up to three. */
  relayAddresses: { host: string; port: number }[]
}

export interface MutablePut {
  publicKey: Uint8Array
  seq: number
  value: Uint8Array
  signature: Uint8Array
}

export type MutableValue = Omit<MutablePut, 'publicKey'>

export interface Announce {
  /** The announcement as bytes, and decoded; null: the refresh of an earlier one. */
  peer: { bytes: Uint8Array; publicKey: Uint8Array; relayAddresses: { host: string; port: number }[] } | null
  /** 32-byte refresh token: of the next refresh, or, without a peer, the one that proves it. */
  refresh: Uint8Array | null
  /** 64-byte signature. */
  signature: Uint8Array | null
  /** Wall time in ms up to which readers should look again; 0: none. */
  bump: number
}

/** The namespace a signature of HyperDHT's is in: hash(hash('hyperswarm/dht') ‖ command). */
function namespaceOf(command: number): Uint8Array {
  const input = b4a.alloc(HASH_BYTES + 1)
  input.set(blake2b(b4a.from('hyperswarm/dht')))
  input[HASH_BYTES] = command
  return Uint8Array.from(blake2b(input))
}

const NAMESPACE = {
  announce: namespaceOf(HYPERDHT_COMMAND.ANNOUNCE),
  unannounce: namespaceOf(HYPERDHT_COMMAND.UNANNOUNCE),
  mutable: namespaceOf(HYPERDHT_COMMAND.MUTABLE_PUT),
}

function signable(namespace: Uint8Array, hashed: Uint8Array): Uint8Array {
  const out = b4a.alloc(2 * HASH_BYTES)
  out.set(namespace)
  out.set(blake2b(hashed), HASH_BYTES)
  return out
}

/** The 64 bytes that the owner of a mutable value signs. */
export function mutableSignable(seq: number, value: Uint8Array): Uint8Array {
  return signable(NAMESPACE.mutable, encodeFields([uint(seq), sized(value)]))
}

/** What an announcement is bound to: the key, and the node it is for with the token it gave. */
export interface AnnounceBinding {
  /** 32-byte topic. */
  target: Uint8Array
  /** 32-byte id of the node that the announcement is for. */
  nodeId: Uint8Array
  /** 32-byte token that node gave. */
  token: Uint8Array
}

/** The 64 bytes that the announced peer signs. */
export function announceSignable(
  { target, nodeId, token }: AnnounceBinding,
  peer: Uint8Array,
  refresh: Uint8Array | null,
  purpose: 'announce' | 'unannounce',
): Uint8Array {
  return signable(NAMESPACE[purpose], b4a.concat([target, nodeId, token, peer, refresh ?? b4a.alloc(0)]))
}

export function encodeUint(value: number): Uint8Array {
  return c.encode(c.uint, value)
}

/** The number at the start of the bytes; -1 where there is none. */
export function decodeUint(bytes: Uint8Array): number {
  return new ByteReader(bytes).read(c.uint) ?? -1
}

export function encodeMutablePut({ publicKey, seq, value, signature }: MutablePut): Uint8Array {
  return b4a.concat([publicKey, encodeMutableValue({ seq, value, signature })])
}

export function decodeMutablePut(bytes: Uint8Array): MutablePut | null {
  if (bytes.length < PUBLIC_KEY_BYTES) return null
  const value = decodeMutableValue(bytes.subarray(PUBLIC_KEY_BYTES))
  return value === null ? null : { publicKey: bytes.subarray(0, PUBLIC_KEY_BYTES), ...value }
}

export function encodeMutableValue({ seq, value, signature }: MutableValue): Uint8Array {
  return encodeFields([uint(seq), sized(value), raw(signature)])
}

export function decodeMutableValue(bytes: Uint8Array): MutableValue | null {
  const reader = new ByteReader(bytes)
  const seq = reader.uint()
  const value = reader.sized()
  const signature = reader.take(SIGNATURE_BYTES)
  return reader.failed ? null : { seq, value, signature }
}

/** @throws TypeError for a host that is no IPv4 address */
export function encodePeer({ publicKey, relayAddresses }: AnnouncedPeer): Uint8Array {
  for (const { host } of relayAddresses) {
    if (parseIPv4(host) !== -1) continue
    throw new TypeError(`a relay address must be {host: IPv4 address, port}, got ${host}`)
  }
  const addresses = relayAddresses.map((address) => raw(c.encode(c.ipv4Address, address)))
  return encodeFields([raw(publicKey), uint(addresses.length), ...addresses])
}

function readPeer(reader: ByteReader): Announce['peer'] {
  const start = reader.at
  const publicKey = reader.take(PUBLIC_KEY_BYTES)
  // A number that lies ends here, before anything is made of it.
  const addresses = new ByteReader(reader.take(reader.uint() * ADDRESS_BYTES))
  if (reader.failed) return null
  const relayAddresses: AnnouncedPeer['relayAddresses'] = []
  while (addresses.rest > 0) {
    const { host, port } = addresses.read(c.ipv4Address)!
    relayAddresses.push({ host, port })
  }
  return { bytes: reader.slice(start), publicKey, relayAddresses }
}

const HAS_PEER = 1
const HAS_REFRESH = 2
const HAS_SIGNATURE = 4
const HAS_BUMP = 8

export function encodeAnnounce(announce: {
  peer: Uint8Array | null
  refresh?: Uint8Array | null
  signature?: Uint8Array | null
  bump?: number
}): Uint8Array {
  const { peer, refresh = null, signature = null, bump = 0 } = announce
  const flags =
    (peer === null ? 0 : HAS_PEER) |
    (refresh === null ? 0 : HAS_REFRESH) |
    (signature === null ? 0 : HAS_SIGNATURE) |
    (bump === 0 ? 0 : HAS_BUMP)
  const parts = [peer, refresh, signature].filter((part) => part !== null)
  return encodeFields([uint(flags), ...parts.map(raw), ...(bump === 0 ? [] : [uint(bump)])])
}

export function decodeAnnounce(bytes: Uint8Array): Announce | null {
  const reader = new ByteReader(bytes)
  const flags = reader.uint()
  const peer = (flags & HAS_PEER) === 0 ? null : readPeer(reader)
  const refresh = (flags & HAS_REFRESH) === 0 ? null : reader.take(HASH_BYTES)
  const signature = (flags & HAS_SIGNATURE) === 0 ? null : reader.take(SIGNATURE_BYTES)
  const bump = (flags & HAS_BUMP) === 0 ? 0 : reader.uint()
  return reader.failed ? null : { peer, refresh, signature, bump }
}

/** Reply to LOOKUP. @param peers encoded announcements */
export function encodePeers(peers: readonly Uint8Array[], bump: number): Uint8Array {
  return encodeFields([uint(peers.length), ...peers.map(raw), uint(bump)])
}

/** Announcements of a reply to LOOKUP; null: malformed. The bump is 0 where there is none. */
export function decodePeers(bytes: Uint8Array): { peers: AnnouncedPeer[]; bump: number } | null {
  const reader = new ByteReader(bytes)
  const count = reader.uint()
  const peers: AnnouncedPeer[] = []
  // A count that lies ends with the bytes: each peer takes 33 of them.
  for (let i = 0; i < count && !reader.failed; i++) {
    const peer = readPeer(reader)
    if (peer !== null) peers.push({ publicKey: peer.publicKey, relayAddresses: peer.relayAddresses })
  }
  const bump = reader.rest > 0 && !reader.failed ? reader.uint() : 0
  return reader.failed ? null : { peers, bump }
}
