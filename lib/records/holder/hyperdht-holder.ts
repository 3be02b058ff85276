/**
 * Answers HyperDHT's storage commands (docs/RECORDS.md, "HyperDHT's storage").
 *
 * What HyperDHT leaves unanswered - a bad signature, a key that is not the value's - is answered with an error number
 * here: its clients take that for an answer like any other, and do not wait.
 */
import b4a from 'b4a'
import { verify } from '../../primitives/ed25519.js'
import { blake2b } from '../../primitives/hash.js'
import type { Random } from '../../primitives/random.js'
import type { Request } from '../../rpc/request.js'
import {
  type Announce,
  announceSignable,
  decodeAnnounce,
  decodeMutablePut,
  decodeUint,
  encodeMutableValue,
  encodePeer,
  encodePeers,
  HYPERDHT_COMMAND,
  PUBLIC_KEY_BYTES,
} from '../codec/hyperdht.js'
import type { Entry } from '../entry.js'
import { toHex } from '../hex.js'
import { isAlive } from '../rules/lifetime.js'
import { type RefusalReason, REFUSALS } from '../rules/refusal.js'
import type { RecordStore } from '../store/contract.js'
import type { Admission } from './admission.js'
import { BoundedMap } from './bounded-map.js'
import { type Claim, HYPERDHT_CHANNEL, hyperdhtKey, pack } from './claim.js'

/** Announcements in a reply, and relay addresses of each: as many as HyperDHT gives. */
const MAX_PEERS = 20
const MAX_RELAYS = 3

/** Life of an announcement: HyperDHT's. */
export const PEER_TTL_MS = 20 * 60_000

/** A bump may be so far ahead of our clock. */
const MAX_BUMP_DRIFT_MS = 60_000

/** Refresh tokens and bumps that are remembered. */
const MAX_REFRESHES = 8192
const MAX_BUMPS = 8192

const QUIET = { token: false, closerNodes: false }
const NOTHING = new Uint8Array(0)

export interface HyperdhtHolderOptions {
  readonly store: RecordStore
  readonly admission: Admission
  readonly random: Random
  /** Wall time in ms. */
  readonly wallTime: () => number
  /** Our id; null while ephemeral. */
  readonly ownId: () => Uint8Array | null
}

type Handler = (request: Request, target: Uint8Array) => Promise<void>

export class HyperdhtHolder {
  readonly #options: HyperdhtHolderOptions
  /** Announcements by their next refresh token. */
  readonly #refreshes = new BoundedMap<Entry>(MAX_REFRESHES)
  /** By topic. */
  readonly #bumps = new BoundedMap<number>(MAX_BUMPS)
  readonly #handlers = new Map<number, Handler>([
    [HYPERDHT_COMMAND.LOOKUP, (request, target) => this.#lookup(request, target)],
    [HYPERDHT_COMMAND.ANNOUNCE, (request, target) => this.#announce(request, target)],
    [HYPERDHT_COMMAND.UNANNOUNCE, (request, target) => this.#unannounce(request, target)],
    [HYPERDHT_COMMAND.MUTABLE_PUT, (request, target) => this.#putMutable(request, target)],
    [HYPERDHT_COMMAND.MUTABLE_GET, (request, target) => this.#getMutable(request, target)],
    [HYPERDHT_COMMAND.IMMUTABLE_PUT, (request, target) => this.#putImmutable(request, target)],
    [HYPERDHT_COMMAND.IMMUTABLE_GET, (request, target) => this.#getImmutable(request, target)],
  ])

  constructor(options: HyperdhtHolderOptions) {
    this.#options = options
  }

  /** Begins to answer; null: it is none of these commands. The promise rejects when the store fails. */
  handle(request: Request): Promise<void> | null {
    const handler = this.#handlers.get(request.command)
    if (handler === undefined) return null
    const { target } = request
    if (target !== null) return handler(request, target)
    refuse(request, 'MALFORMED')
    return Promise.resolve()
  }

  async #getImmutable(request: Request, target: Uint8Array): Promise<void> {
    const entry = await this.#options.store.get(hyperdhtKey('immutable', target))
    request.reply(this.#isServed(entry) ? entry.value : null)
  }

  async #putImmutable(request: Request, target: Uint8Array): Promise<void> {
    const { value } = request
    if (request.token === null || value === null) return refuse(request, 'MALFORMED')
    await this.#admit(request, { kind: 'immutable', channel: HYPERDHT_CHANNEL, target, value, expiresAtMs: null })
  }

  async #getMutable(request: Request, target: Uint8Array): Promise<void> {
    const leastSeq = request.value === null ? -1 : decodeUint(request.value)
    if (leastSeq === -1) return refuse(request, 'MALFORMED')
    const entry = await this.#options.store.get(hyperdhtKey('mutable', target))
    request.reply(this.#isServed(entry) && entry.seq >= leastSeq ? encodeMutableValue(entry) : null)
  }

  async #putMutable(request: Request, target: Uint8Array): Promise<void> {
    const put = request.token === null || request.value === null ? null : decodeMutablePut(request.value)
    // To HyperDHT an empty value is none.
    if (put === null || put.value.length === 0) return refuse(request, 'MALFORMED')
    await this.#admit(request, { kind: 'mutable', put, target, expiresAtMs: null })
  }

  async #lookup(request: Request, target: Uint8Array): Promise<void> {
    const peers = (await this.#peersOf(target)).map(({ value }) => value)
    const bump = this.#bumps.get(toHex(target)) ?? 0
    request.reply(peers.length === 0 ? null : encodePeers(peers, bump))
  }

  async #announce(request: Request, target: Uint8Array): Promise<void> {
    const announce = request.token === null || request.value === null ? null : decodeAnnounce(request.value)
    if (announce === null) return refuse(request, 'MALFORMED')
    const { peer, refresh, bump } = announce
    if (peer === null) return this.#refresh(request, refresh)
    // Announcing oneself under one's own key asks for a relay of handshakes, which HyperDHT nodes are and we are not.
    if (b4a.equals(blake2b(peer.publicKey), target)) return refuse(request, 'UNSUPPORTED')
    if (!(await this.#isSigned(request, announce, 'announce'))) return refuse(request, 'BAD_SIGNATURE')
    const nowMs = this.#options.wallTime()
    const entry = peerEntry(target, { ...peer, relayAddresses: peer.relayAddresses.slice(0, MAX_RELAYS) }, nowMs)
    const { refusal } = await this.#options.admission.admitVerified(entry)
    if (refusal !== null) return refuse(request, refusal.reason)
    const topic = toHex(target)
    if (bump > (this.#bumps.get(topic) ?? 0) && bump <= nowMs + MAX_BUMP_DRIFT_MS) this.#bumps.set(topic, bump)
    if (refresh !== null) this.#refreshes.set(toHex(refresh), entry)
    request.reply(null, QUIET)
  }

  /** Who knows what hashes to the refresh token of an announcement has made it; that is the token of the next one. */
  async #refresh(request: Request, token: Uint8Array | null): Promise<void> {
    if (token === null) return refuse(request, 'MALFORMED')
    const known = toHex(blake2b(token))
    const entry = this.#refreshes.get(known)
    if (entry === undefined) return refuse(request, 'BAD_SIGNATURE')
    this.#refreshes.delete(known)
    const expiresAtMs = this.#options.wallTime() + PEER_TTL_MS
    const renewed = { ...entry, expiresAtMs, heldUntilMs: expiresAtMs }
    const { refusal } = await this.#options.admission.admitVerified(renewed)
    if (refusal !== null) return refuse(request, refusal.reason)
    this.#refreshes.set(toHex(token), renewed)
    request.reply(null, QUIET)
  }

  async #unannounce(request: Request, target: Uint8Array): Promise<void> {
    const announce = request.token === null || request.value === null ? null : decodeAnnounce(request.value)
    if (announce === null || announce.peer === null) return refuse(request, 'MALFORMED')
    if (!(await this.#isSigned(request, announce, 'unannounce'))) return refuse(request, 'BAD_SIGNATURE')
    await this.#options.admission.remove({ channel: HYPERDHT_CHANNEL, target, subkey: announce.peer.publicKey })
    request.reply(null, QUIET)
  }

  async #isSigned(request: Request, announce: Announce, purpose: 'announce' | 'unannounce'): Promise<boolean> {
    const nodeId = this.#options.ownId()
    const { peer, refresh, signature } = announce
    if (nodeId === null || peer === null || signature === null) return false
    const binding = { target: request.target!, nodeId, token: request.token! }
    const message = announceSignable(binding, peer.bytes, refresh, purpose)
    return verify({ message, signature, publicKey: peer.publicKey })
  }

  /** Up to twenty announcements; of more, those behind a random point, so that each has its turn. */
  async #peersOf(target: Uint8Array): Promise<Entry[]> {
    const { store, random, wallTime } = this.#options
    const isMany = store.countOf(HYPERDHT_CHANNEL, target) > MAX_PEERS
    const query = { channel: HYPERDHT_CHANNEL, target, sinceMs: 0, limit: MAX_PEERS, limitBytes: Infinity }
    const { entries } = await store.list({ ...query, after: isMany ? random.bytes(PUBLIC_KEY_BYTES) : null })
    const first = isMany && entries.length < MAX_PEERS ? (await store.list({ ...query, after: null })).entries : []
    const nowMs = wallTime()
    const isShown = ({ kind, expiresAtMs }: Entry): boolean => kind === 'peer' && isAlive(expiresAtMs, nowMs)
    return [...new Set([...entries, ...first])].filter(isShown).slice(0, MAX_PEERS)
  }

  async #admit(request: Request, claim: Claim): Promise<void> {
    const { refusal } = await this.#options.admission.admit(claim)
    if (refusal === null) request.reply(null)
    else refuse(request, refusal.reason)
  }

  /** Whether it is there, and may be served. */
  #isServed(entry: Entry | null): entry is Entry {
    return entry !== null && isAlive(entry.expiresAtMs, this.#options.wallTime())
  }
}

function peerEntry(target: Uint8Array, peer: NonNullable<Announce['peer']>, nowMs: number): Entry {
  const { publicKey } = peer
  return {
    kind: 'peer',
    channel: HYPERDHT_CHANNEL,
    ...pack(target, publicKey, publicKey, encodePeer(peer), NOTHING, NOTHING),
    seq: 0,
    round: 0,
    signedAtMs: 0,
    tombstone: false,
    expiresAtMs: nowMs + PEER_TTL_MS,
    heldUntilMs: nowMs + PEER_TTL_MS,
    storedAtMs: nowMs,
  }
}

function refuse(request: Request, reason: RefusalReason): void {
  request.error(REFUSALS[reason])
}
