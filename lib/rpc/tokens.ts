/**
 * Tokens: proof that whoever sends one can receive at an IPv4 host (wire-protocol section 10).
 *
 * A token is BLAKE2b-256 of the host's ASCII form, keyed with a secret. Issued under the current secret, accepted under
 * the current and the previous one, so one lives between one and two rotation periods. Secrets are fresh randomness:
 * one of them says nothing about the next. Rotation is decided from the `now` of each call; there is no timer.
 */
import b4a from 'b4a'
import { formatIPv4 } from '../primitives/address.js'
import { blake2b, HASH_BYTES } from '../primitives/hash.js'
import type { Random } from '../primitives/random.js'

/**
 * A token must outlive the query that collected it and the commit that spends it. A dead node costs about six seconds,
 * several in a row more, so half a minute at least; the network at large grants 7.5 to 15 s, which is too short.
 */
const ROTATE_MS = 30_000

/** Hosts remembered per secret: 2048 tokens and their names are about 300 kB, and one hash costs 2 us anyway. */
const MAX_HOSTS = 2048

export interface TokensOptions {
  /** Where secrets come from. */
  random: Random
  /** Lifetime of a secret as the current one, default 30000: tokens live one to two such periods. */
  rotateMs?: number
}

/**
 * The 32-byte token of a host under a secret.
 *
 * @param secret 32 bytes
 * @param host dotted-decimal IPv4 address, in canonical form
 * @returns 32-byte Uint8Array of its own memory
 */
export function tokenFor(secret: Uint8Array, host: string): Uint8Array {
  return blake2b(b4a.from(host, 'ascii'), secret)
}

/** One secret and the tokens already computed with it. */
interface Epoch {
  readonly secret: Uint8Array
  /** Token by the signed form of the host's number. BOUNDED: by MAX_HOSTS, emptied when full, dropped with the secret. */
  readonly tokens: Map<number, Uint8Array>
}

/** Issues and verifies the tokens of one node. */
export class Tokens {
  readonly #random: Random
  readonly #rotateMs: number
  #current: Epoch | null = null
  #previous: Epoch | null = null
  #sinceMs = 0

  /** @throws RangeError where `rotateMs` is not a positive number */
  constructor(options: TokensOptions) {
    const rotateMs = options.rotateMs ?? ROTATE_MS
    if (!(rotateMs > 0)) throw new RangeError('rotateMs must be a positive number')
    this.#random = options.random
    this.#rotateMs = rotateMs
  }

  /**
   * The token of a host under the current secret.
   *
   * @param ip 32-bit number of the host
   * @param now monotonic milliseconds
   * @returns 32-byte Uint8Array that is shared with other calls: read only
   */
  issue(ip: number, now: number): Uint8Array {
    return cachedToken(this.#turn(now), ip)
  }

  /**
   * Whether the 32 bytes at `at` are a token of ours for a host that has not expired. Takes as long for a near miss as
   * for a far one.
   *
   * @param ip 32-bit number of the host
   * @param bytes borrowed; a token that reaches beyond its end is invalid
   * @param now monotonic milliseconds
   */
  verify(ip: number, bytes: Uint8Array, at: number, now: number): boolean {
    if (at < 0 || at + HASH_BYTES > bytes.length) return false
    if (constantTimeEquals(cachedToken(this.#turn(now), ip), bytes, at)) return true
    return this.#previous !== null && constantTimeEquals(cachedToken(this.#previous, ip), bytes, at)
  }

  /** Brings the secrets up to `now`; returns the current one. */
  #turn(now: number): Epoch {
    const current = this.#current
    if (current === null) {
      this.#sinceMs = now
      return (this.#current = this.#createEpoch())
    }
    const ageMs = now - this.#sinceMs
    if (ageMs < this.#rotateMs) return current
    // After two periods even the last token of the current secret has expired.
    const late = ageMs >= 2 * this.#rotateMs
    this.#previous = late ? null : current
    this.#sinceMs = late ? now : this.#sinceMs + this.#rotateMs
    return (this.#current = this.#createEpoch())
  }

  #createEpoch(): Epoch {
    return { secret: this.#random.bytes(HASH_BYTES), tokens: new Map() }
  }
}

function cachedToken(epoch: Epoch, ip: number): Uint8Array {
  // Signed, so that every host is a small integer: others would be numbers with memory of their own.
  const key = ip | 0
  const known = epoch.tokens.get(key)
  if (known !== undefined) return known
  if (epoch.tokens.size >= MAX_HOSTS) epoch.tokens.clear()
  const token = tokenFor(epoch.secret, formatIPv4(ip))
  epoch.tokens.set(key, token)
  return token
}

/** Looks at all 32 bytes whatever they are, so that the time taken says nothing about where they differ. */
function constantTimeEquals(token: Uint8Array, bytes: Uint8Array, at: number): boolean {
  let difference = 0
  for (let i = 0; i < HASH_BYTES; i++) difference |= token[i]! ^ bytes[at + i]!
  return difference === 0
}
