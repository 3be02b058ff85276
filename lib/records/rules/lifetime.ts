/**
 * How long a record lives. The owner signs when he signed and for how long; so the end is the same instant at every
 * holder, however often the record was handed on, and nobody else can move it.
 *
 * Clocks of machines differ. A holder believes its own, and allows for `maxClockSkewMs` between it and the owner's: a
 * record signed farther in the future is refused.
 */

/** Wall time in ms. */
export interface Lifespan {
  readonly signedAtMs: number
  readonly ttlMs: number
}

export interface LifetimeLimits {
  /** Longest life that is accepted. */
  readonly maxTtlMs: number
  /** How far the owner's clock may be ahead of ours. */
  readonly maxClockSkewMs: number
}

export type LifetimeRefusal = 'EXPIRED' | 'TTL_TOO_LONG' | 'CLOCK_SKEW'

/** The instant from which on the record is never served. */
export function endOf({ signedAtMs, ttlMs }: Lifespan): number {
  return signedAtMs + ttlMs
}

/** Whether something that ends then is still alive. */
export function isAlive(expiresAtMs: number, nowMs: number): boolean {
  return nowMs < expiresAtMs
}

/** Why a record is not accepted now; null: it may live. */
export function checkLifetime(span: Lifespan, limits: LifetimeLimits, nowMs: number): LifetimeRefusal | null {
  if (span.ttlMs > limits.maxTtlMs) return 'TTL_TOO_LONG'
  if (span.signedAtMs > nowMs + limits.maxClockSkewMs) return 'CLOCK_SKEW'
  return isAlive(endOf(span), nowMs) ? null : 'EXPIRED'
}

/**
 * Until when a version is remembered, so that the one it replaced stays dead: at least as long as a replica of that one
 * could live somewhere, at a node whose clock is behind.
 *
 * @param replaced the version that it takes the place of, null: none
 */
export function heldUntil(
  expiresAtMs: number,
  replaced: { readonly expiresAtMs: number; readonly heldUntilMs: number } | null,
  maxClockSkewMs: number,
): number {
  if (replaced === null) return expiresAtMs
  return Math.max(expiresAtMs, replaced.heldUntilMs, replaced.expiresAtMs + maxClockSkewMs)
}

/**
 * The life a tombstone is signed with: to the end of what it deletes, and the clock skew on top.
 *
 * @param newestEndMs end of the newest version known; null: unknown, so the longest life there is
 */
export function tombstoneTtl(newestEndMs: number | null, limits: LifetimeLimits, nowMs: number): number {
  const longest = limits.maxTtlMs
  if (newestEndMs === null) return longest
  return Math.min(longest, Math.max(0, newestEndMs - nowMs) + 2 * limits.maxClockSkewMs)
}
