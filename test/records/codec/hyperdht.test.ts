import b4a from 'b4a'
import test from 'brittle'
import fc from 'fast-check'
import { createKeyPair, sign, verify } from '../../../lib/primitives/ed25519.js'
import { blake2b } from '../../../lib/primitives/hash.js'
import {
  announceSignable,
  decodeAnnounce,
  decodeMutablePut,
  decodeMutableValue,
  decodePeers,
  decodeUint,
  encodeAnnounce,
  encodeMutablePut,
  encodeMutableValue,
  encodePeer,
  encodePeers,
  encodeUint,
  mutableSignable,
} from '../../../lib/records/codec/hyperdht.js'
import { loadVectors } from '../../vectors/load.js'
import type { StorageVectors } from '../interop/hyperdht-vectors.js'
import { holds } from '../../helpers/properties.js'

const vectors = loadVectors<StorageVectors>('hyperdht-storage')
const bytes = (hex: string): Uint8Array => b4a.from(hex, 'hex')
const hex = (data: Uint8Array): string => b4a.toString(data, 'hex')

test('hyperdht codec: mutable values, byte for byte', async (t) => {
  for (const each of vectors.mutable) {
    const keyPair = await createKeyPair(bytes(each.seed))
    t.is(hex(keyPair.publicKey), each.publicKey)
    t.is(hex(blake2b(keyPair.publicKey)), each.target)
    const { seq } = each
    const value = bytes(each.value)
    const signature = await sign(mutableSignable(seq, value), keyPair)
    t.is(hex(signature), each.signature, `seq ${seq}`)
    t.is(hex(encodeMutablePut({ publicKey: keyPair.publicKey, seq, value, signature })), each.put)
    t.is(hex(encodeMutableValue({ seq, value, signature })), each.reply)
    t.alike(decodeMutablePut(bytes(each.put)), { publicKey: bytes(each.publicKey), seq, value, signature })
    t.alike(decodeMutableValue(bytes(each.reply)), { seq, value, signature })
    t.ok(await verify({ message: mutableSignable(seq, value), signature, publicKey: keyPair.publicKey }))
  }
})

test('hyperdht codec: immutable values lie under their hash', (t) => {
  for (const { value, target } of vectors.immutable) t.is(hex(blake2b(bytes(value))), target)
})

test('hyperdht codec: announcements, byte for byte', async (t) => {
  for (const each of vectors.announce) {
    const keyPair = await createKeyPair(bytes(each.seed))
    const { publicKey } = keyPair
    const { relayAddresses, bump } = each
    const binding = { target: bytes(each.target), nodeId: bytes(each.nodeId), token: bytes(each.token) }
    const peer = encodePeer({ publicKey, relayAddresses })
    t.is(hex(peer), each.peer)
    const refresh = each.refresh === null ? null : bytes(each.refresh)
    const signature = await sign(announceSignable(binding, peer, refresh, 'announce'), keyPair)
    t.is(hex(signature), each.signature)
    t.is(hex(encodeAnnounce({ peer, refresh, signature, bump })), each.message)
    const decoded = decodeAnnounce(bytes(each.message))
    t.alike(decoded, { peer: { bytes: peer, publicKey, relayAddresses }, refresh, signature, bump })
    const bare = encodePeer({ publicKey, relayAddresses: [] })
    t.is(hex(await sign(announceSignable(binding, bare, null, 'unannounce'), keyPair)), each.unannounceSignature)
  }
})

test('hyperdht codec: replies to lookups, byte for byte', (t) => {
  for (const { peers, bump, reply } of vectors.lookup) {
    t.is(hex(encodePeers(peers.map(bytes), bump)), reply)
    const decoded = decodePeers(bytes(reply))
    t.alike(
      decoded?.peers.map((peer) => hex(encodePeer(peer))),
      peers,
    )
    t.is(decoded?.bump, bump)
  }
})

test('hyperdht codec: the number that readers send', (t) => {
  for (const { seq, request } of vectors.seq) {
    t.is(hex(encodeUint(seq)), request)
    t.is(decodeUint(bytes(request)), seq)
  }
})

test('hyperdht codec: the decoders survive any bytes', (t) => {
  const check = (data: Uint8Array): void => {
    decodeMutablePut(data)
    decodeMutableValue(data)
    decodeAnnounce(data)
    const peers = decodePeers(data)
    if (peers !== null && peers.peers.length * 33 > data.length) throw new Error('more peers than bytes')
  }
  holds(t, fc.property(fc.uint8Array({ maxLength: 300 }), check))
  for (const { message } of vectors.announce) {
    for (let i = 0; i < message.length / 2 - 8; i++) {
      if (decodeAnnounce(bytes(message).subarray(0, i)) !== null) t.fail(`cut at ${i}`)
    }
  }
})
