/**
 * HyperDHT's storage, as its own clients use it: values held by HyperDHT nodes and by ours, read and written with
 * HyperDHT's commands (docs/RECORDS.md, "HyperDHT's storage").
 */
import b4a from 'b4a'
import { blake2b, HASH_BYTES } from '../../primitives/hash.js'
import type { Session } from '../../node/session.js'
import type { Peer, Reply } from '../../rpc/reply.js'
import {
  type AnnouncedPeer,
  announceSignable,
  decodeMutableValue,
  decodePeers,
  encodeAnnounce,
  encodeMutablePut,
  encodePeer,
  encodeUint,
  HYPERDHT_COMMAND,
  type MutableValue,
  mutableSignable,
} from '../codec/hyperdht.js'
import { RecordsError } from '../records-error.js'
import { HOLDERS, putQuorum } from '../rules/quorum.js'
import { refusalOf } from '../rules/refusal.js'
import { askAround, askFirst, UNKNOWN_TOKEN } from './ask-around.js'
import type { Calls } from './calls.js'
import type { CallContext, ClientContext, WaitOptions } from './context.js'
import { isOfOneNode, requestWithToken } from './deliver.js'
import { checkPublicKey, checkSigner, type Signer, signWith } from './key-pair.js'
import type { KnownNode, KnownNodes } from './known-nodes.js'
import { type Delivered, describePut, type PutOutcome, PutTally } from './put-outcome.js'
import { verifyOnce } from '../verified.js'

export interface MutableGetOptions extends WaitOptions {
  /** Only versions of this seq or a higher one. Default 0. */
  seq?: number
  /** false: the first valid version will do. Default true: the newest of all that answer. */
  latest?: boolean
}

/** A mutable value, and who had it. */
export interface MutableFound extends MutableValue {
  readonly from: Peer
}

/** Announcements on a topic, as one node has them. */
export interface PeersFound {
  readonly from: Peer
  readonly peers: AnnouncedPeer[]
  /** Wall time in ms up to which announcers ask readers to look again; 0: none. */
  readonly bump: number
}

export interface AnnounceOptions extends WaitOptions {
  /** Up to three nodes that pass messages on to the announced peer. */
  relayAddresses?: { host: string; port: number }[]
  /** Wall time in ms: readers are to look again. Default 0: no. */
  bump?: number
}

type Deliver = (reply: Reply, session: Session) => Promise<Reply>

const LATEST_SEQ = Number.MAX_SAFE_INTEGER

export class HyperdhtStorage {
  readonly #context: ClientContext
  readonly #calls: Calls

  /** @internal */
  constructor(context: ClientContext, calls: Calls) {
    this.#context = context
    this.#calls = calls
  }

  /**
   * Stores a value under its hash.
   *
   * @param value 1 byte or more, as many as fit a datagram with the rest of the message (about 1,000 are safe)
   * @returns the 32-byte hash; rejects with RecordsError TOO_FEW_STORED
   */
  async immutablePut(value: Uint8Array, wait: WaitOptions = {}): Promise<{ hash: Uint8Array; outcome: PutOutcome }> {
    const hash = blake2b(checkValue(value)).slice()
    const message = { command: HYPERDHT_COMMAND.IMMUTABLE_PUT, target: hash, value }
    const walk = { target: hash, command: HYPERDHT_COMMAND.IMMUTABLE_GET, value: null }
    const outcome = await this.#calls.run(wait, (session) => this.#store(walk, message, session, 0))
    return { hash, outcome }
  }

  /** The value with this hash, or null. */
  immutableGet(hash: Uint8Array, wait: WaitOptions = {}): Promise<{ value: Uint8Array; from: Peer } | null> {
    checkHash(hash, 'hash')
    const message = { target: hash, command: HYPERDHT_COMMAND.IMMUTABLE_GET }
    const read = ({ value, from }: Reply): { value: Uint8Array; from: Peer } | null =>
      value !== null && b4a.equals(blake2b(value), hash) ? { value, from } : null
    return this.#calls.run(wait, async (session) => {
      const send = ({ peer }: KnownNode): Promise<Reply> => session.request(message, peer)
      const found = await askFirst(this.#context.clock, this.#nodes, hash, { send, read })
      if (found !== null) return found
      for await (const reply of session.query(message)) {
        this.#nodes.note(reply)
        const late = read(reply)
        if (late !== null) return late
      }
      return null
    })
  }

  /**
   * Stores the owner's value under the hash of his public key.
   *
   * @param options `seq`: number of the version, default 0
   * @returns rejects with RecordsError TOO_FEW_STORED, or WRITE_CONFLICT when newer versions are in the way
   */
  async mutablePut(
    keyPair: Signer,
    value: Uint8Array,
    { seq = 0, ...wait }: WaitOptions & { seq?: number } = {},
  ): Promise<{ publicKey: Uint8Array; seq: number; signature: Uint8Array; outcome: PutOutcome }> {
    const signer = checkSigner(keyPair)
    const { publicKey } = signer
    checkValue(value)
    checkSeq(seq)
    const target = blake2b(publicKey).slice()
    const signature = await signWith(signer, mutableSignable(seq, value))
    const body = encodeMutablePut({ publicKey, seq, value, signature })
    const message = { command: HYPERDHT_COMMAND.MUTABLE_PUT, target, value: body }
    // What the nodes have is no matter here, so they are asked for what they can not have.
    const walk = { target, command: HYPERDHT_COMMAND.MUTABLE_GET, value: encodeUint(LATEST_SEQ) }
    const outcome = await this.#calls.run(wait, (session) => this.#store(walk, message, session, seq))
    return { publicKey, seq, signature, outcome }
  }

  /** The newest version of an owner's value, or null. */
  mutableGet(publicKey: Uint8Array, options: MutableGetOptions = {}): Promise<MutableFound | null> {
    const { seq = 0, latest = true, ...wait } = options
    checkPublicKey(publicKey, 'publicKey')
    checkSeq(seq)
    const message = {
      target: blake2b(publicKey).slice(),
      command: HYPERDHT_COMMAND.MUTABLE_GET,
      value: encodeUint(seq),
    }
    const read = async ({ value, from }: Reply, leastSeq: number): Promise<MutableFound | null> => {
      const found = value === null ? null : decodeMutableValue(value)
      if (found === null || found.seq < leastSeq) return null
      const signed = { message: mutableSignable(found.seq, found.value), signature: found.signature, publicKey }
      return (await verifyOnce(signed)) ? { ...found, from } : null
    }
    return this.#calls.run(wait, async (session) => {
      const known = await this.#askKnown(message, session, latest, (reply) => read(reply, seq))
      if (known !== null) return known
      let newest: MutableFound | null = null
      for await (const reply of session.query(message)) {
        this.#nodes.note(reply)
        const found = await read(reply, newest === null ? seq : newest.seq + 1)
        if (found === null) continue
        newest = found
        if (!latest) break
      }
      return newest
    })
  }

  /** Announcements on a topic, node by node as they answer. */
  async *lookup(topic: Uint8Array, wait: WaitOptions = {}): AsyncGenerator<PeersFound> {
    checkHash(topic, 'topic')
    for await (const reply of this.#context.node.query(
      { target: topic, command: HYPERDHT_COMMAND.LOOKUP },
      { ...wait },
    )) {
      const found = reply.value === null ? null : decodePeers(reply.value)
      if (found !== null) yield { from: reply.from, ...found }
    }
  }

  /**
   * Announces a public key on a topic. An announcement lives twenty minutes.
   *
   * @returns rejects with RecordsError TOO_FEW_STORED
   */
  announce(topic: Uint8Array, keyPair: Signer, options: AnnounceOptions = {}): Promise<PutOutcome> {
    const { relayAddresses = [], bump = 0, ...wait } = options
    const command = HYPERDHT_COMMAND.ANNOUNCE
    return this.#sayToHolders({ topic, keyPair, command, purpose: 'announce', relayAddresses, bump }, wait)
  }

  /** Takes an announcement back. */
  unannounce(topic: Uint8Array, keyPair: Signer, wait: WaitOptions = {}): Promise<PutOutcome> {
    const command = HYPERDHT_COMMAND.UNANNOUNCE
    return this.#sayToHolders({ topic, keyPair, command, purpose: 'unannounce', relayAddresses: [], bump: 0 }, wait)
  }

  #sayToHolders(said: Announcement, wait: WaitOptions): Promise<PutOutcome> {
    const { topic, command, purpose, relayAddresses, bump } = said
    checkHash(topic, 'topic')
    const signer = checkSigner(said.keyPair)
    const peer = encodePeer({ publicKey: signer.publicKey, relayAddresses })
    return this.#calls.run(wait, (session) =>
      this.#commit({ target: topic, command: HYPERDHT_COMMAND.LOOKUP, value: null }, session, 0, async (reply) => {
        const { from, token } = reply
        if (token === null || from.id === null) return reply
        // Bound to the token, so a fresh token is of no use without a fresh signature.
        const message = announceSignable({ target: topic, nodeId: from.id, token }, peer, null, purpose)
        const signature = await signWith(signer, message)
        return session.request(
          { command, target: topic, token, value: encodeAnnounce({ peer, signature, bump }) },
          from,
        )
      }),
    )
  }

  /** What all of the nodes that are known to be closest have; null where they have nothing, or do not agree. */
  async #askKnown(
    message: { target: Uint8Array; command: number; value: Uint8Array },
    session: Session,
    latest: boolean,
    read: (reply: Reply) => Promise<MutableFound | null>,
  ): Promise<MutableFound | null> {
    const { target } = message
    const send = ({ peer }: KnownNode): Promise<Reply> => session.request(message, peer)
    if (!latest) return askFirst(this.#context.clock, this.#nodes, target, { send, read })
    const around = await askAround(this.#contextOf(session), this.#nodes, target, { count: HOLDERS, send })
    const [first, ...others] = (around?.answers ?? []).map(({ reply }) => reply)
    const value = first?.value ?? null
    const isAgreed = value !== null && others.every((each) => each.value !== null && b4a.equals(each.value, value))
    return isAgreed ? read(first!) : null
  }

  /** Brings a value to the nodes that are known to be closest; where these are not enough, walks there. */
  async #store(
    walk: { target: Uint8Array; command: number; value: Uint8Array | null },
    message: { target: Uint8Array; command: number; value: Uint8Array },
    session: Session,
    seq: number,
  ): Promise<PutOutcome> {
    const send = (peer: Peer, token: Uint8Array | null): Promise<Reply> =>
      requestWithToken({ session }, message, peer, token)
    const around = await askAround(this.#contextOf(session), this.#nodes, walk.target, {
      count: HOLDERS,
      send: ({ peer, token }) => send(peer, token ?? UNKNOWN_TOKEN),
    })
    if (around === null) return this.#commit(walk, session, seq, ({ from, token }) => send(from, token))
    const { answers, waiting, silent } = around
    const asked = answers.length + waiting.length + silent.length
    const tally = new PutTally(asked, putQuorum(Math.min(asked, HOLDERS), this.#context.quorum))
    for (const { reply } of answers) tally.add(deliveredBy(reply))
    for (const { peer } of silent) tally.add({ node: peer, status: 'timed-out' })
    return judge(tally, seq)
  }

  get #nodes(): KnownNodes {
    return this.#context.knownNodes.hyperdht
  }

  #contextOf(session: Session): CallContext {
    return { ...this.#context, session }
  }

  /** Walks to the closest nodes and brings something to each. */
  async #commit(
    walk: { target: Uint8Array; command: number; value: Uint8Array | null },
    session: Session,
    seq: number,
    send: Deliver,
  ): Promise<PutOutcome> {
    const query = session.query(walk)
    await query.finished()
    const replies = query.closestReplies
    for (const reply of replies) this.#nodes.note(reply)
    if (replies.length >= HOLDERS) this.#nodes.noteLookup(walk.target, replies[HOLDERS - 1]!.from.id!)
    const tally = new PutTally(replies.length, putQuorum(replies.length, this.#context.quorum))
    await Promise.all(replies.map(async (reply) => tally.add(await this.#deliver(reply, session, send))))
    return judge(tally, seq)
  }

  async #deliver(reply: Reply, session: Session, send: Deliver): Promise<Delivered> {
    const node = reply.from
    try {
      return deliveredBy(await send(reply, session), node)
    } catch (error) {
      if (isOfOneNode(error)) return { node, status: 'timed-out' }
      throw error
    }
  }
}

/** @throws RecordsError TOO_FEW_STORED, WRITE_CONFLICT */
function judge(tally: PutTally, seq: number): PutOutcome {
  const outcome = tally.outcome({ seq, signedAtMs: 0, ttlMs: 0 })
  if (tally.isStored) return outcome
  const code = tally.isContested ? 'WRITE_CONFLICT' : 'TOO_FEW_STORED'
  throw new RecordsError(code, describePut(outcome), { outcome })
}

function deliveredBy({ error, from }: Reply, node: Peer = from): Delivered {
  if (error === 0) return { node, status: 'stored' }
  return { node, status: 'refused', refusal: { reason: refusalOf(error) ?? 'UNSUPPORTED' }, current: null }
}

interface Announcement {
  readonly topic: Uint8Array
  readonly keyPair: Signer
  readonly command: number
  readonly purpose: 'announce' | 'unannounce'
  readonly relayAddresses: { host: string; port: number }[]
  readonly bump: number
}

function checkValue(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new TypeError('value must be a Uint8Array')
  // To HyperDHT an empty value is none.
  if (value.length === 0) throw new RangeError('value must not be empty')
  return value
}

function checkSeq(seq: unknown): void {
  if (!Number.isSafeInteger(seq) || (seq as number) < 0) {
    throw new RangeError(`seq must be an integer from 0 to 2^53-1, got ${String(seq)}`)
  }
}

function checkHash(hash: unknown, name: string): void {
  if (!(hash instanceof Uint8Array)) throw new TypeError(`${name} must be a ${HASH_BYTES}-byte Uint8Array`)
  if (hash.length !== HASH_BYTES) throw new RangeError(`${name} must be ${HASH_BYTES} bytes, got ${hash.length}`)
}
