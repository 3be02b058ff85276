/** What the package hyperdht makes of fixed arguments: the source of test/vectors/hyperdht-storage.json. */
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

interface KeyPair {
  publicKey: Buffer
  secretKey: Buffer
}

/** The parts of hyperdht that make messages; they ship no types. */
interface Persistent {
  signMutable(seq: number, value: Buffer, keyPair: KeyPair): Buffer
  signAnnounce(target: Buffer, token: Buffer, id: Buffer, announce: object, keyPair: KeyPair): Buffer
  signUnannounce(target: Buffer, token: Buffer, id: Buffer, announce: object, keyPair: KeyPair): Buffer
}

export interface StorageVectors {
  generatedFrom: { hyperdht: string }
  description: string
  mutable: {
    seed: string
    publicKey: string
    target: string
    seq: number
    value: string
    signature: string
    put: string
    reply: string
  }[]
  immutable: { value: string; target: string }[]
  announce: {
    seed: string
    target: string
    nodeId: string
    token: string
    relayAddresses: { host: string; port: number }[]
    refresh: string | null
    bump: number
    peer: string
    signature: string
    message: string
    unannounceSignature: string
  }[]
  lookup: { peers: string[]; bump: number; reply: string }[]
  seq: { seq: number; request: string }[]
}

const SEQS = [0, 1, 252, 253, 65_535, 65_536, 4_294_967_296, Number.MAX_SAFE_INTEGER]

const DESCRIPTION =
  "HyperDHT's storage messages, all bytes in hex: mutable = value of MUTABLE_PUT and of the reply to MUTABLE_GET; immutable = value and its key; announce = value of ANNOUNCE (message) with what its signature is bound to, and the signature of the UNANNOUNCE of the same peer without relays; lookup = value of the reply to LOOKUP for these encoded peers; seq = value of MUTABLE_GET"

export function makeVectors(): StorageVectors {
  const persistent = require('hyperdht/lib/persistent') as Persistent
  const messages = require('hyperdht/lib/messages') as Record<string, object>
  const { createKeyPair, hash } = require('hyperdht/lib/crypto') as {
    createKeyPair(seed: Buffer): KeyPair
    hash(data: Buffer): Buffer
  }
  const { encode, uint } = require('compact-encoding') as {
    encode(codec: object, value: unknown): Buffer
    uint: object
  }
  const { version } = require('hyperdht/package.json') as { version: string }
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
  const fill = (byte: number, size = 32): Buffer => Buffer.alloc(size, byte)

  const mutable = SEQS.map((seq, i) => {
    const seed = fill(i + 1)
    const keyPair = createKeyPair(seed)
    const value = fill(0x60 + i, [1, 3, 252, 253, 300, 1000, 32, 8][i])
    const signature = persistent.signMutable(seq, value, keyPair)
    const { publicKey } = keyPair
    return {
      seed: hex(seed),
      publicKey: hex(publicKey),
      target: hex(hash(publicKey)),
      seq,
      value: hex(value),
      signature: hex(signature),
      put: hex(encode(messages.mutablePutRequest!, { publicKey, seq, value, signature })),
      reply: hex(encode(messages.mutableGetResponse!, { seq, value, signature })),
    }
  })

  const announce = [0, 1, 2, 3].map((count) => {
    const seed = fill(0x20 + count)
    const keyPair = createKeyPair(seed)
    const [target, nodeId, token] = [fill(0x30 + count), fill(0x40 + count), fill(0x50 + count)] as const
    const relayAddresses = Array.from({ length: count }, (_, i) => ({ host: `10.0.${i}.${count}`, port: 40_000 + i }))
    const refresh = count % 2 === 1 ? fill(0x70 + count) : null
    const bump = count > 1 ? 1_700_000_000_000 + count : 0
    const peer = { publicKey: keyPair.publicKey, relayAddresses }
    const unsigned = { peer, refresh, signature: null, bump }
    const signature = persistent.signAnnounce(target, token, nodeId, unsigned, keyPair)
    const bare = { peer: { publicKey: keyPair.publicKey, relayAddresses: [] }, refresh: null, signature: null }
    return {
      seed: hex(seed),
      target: hex(target),
      nodeId: hex(nodeId),
      token: hex(token),
      relayAddresses,
      refresh: refresh === null ? null : hex(refresh),
      bump,
      peer: hex(encode(messages.peer!, peer)),
      signature: hex(signature),
      message: hex(encode(messages.announce!, { ...unsigned, signature })),
      unannounceSignature: hex(persistent.signUnannounce(target, token, nodeId, bare, keyPair)),
    }
  })

  const lookup = [0, 1, 4].map((count) => {
    const peers = announce.slice(0, count).map(({ peer }) => peer)
    const bump = count === 4 ? 1_700_000_000_000 : 0
    const raw = peers.map((peer) => Buffer.from(peer, 'hex'))
    return { peers, bump, reply: hex(encode(messages.lookupRawReply!, { peers: raw, bump })) }
  })

  return {
    generatedFrom: { hyperdht: version },
    description: DESCRIPTION,
    mutable,
    immutable: [1, 20, 300].map((size) => {
      const value = fill(size & 0xff, size)
      return { value: hex(value), target: hex(hash(value)) }
    }),
    announce,
    lookup,
    seq: SEQS.map((seq) => ({ seq, request: hex(encode(uint, seq)) })),
  }
}
