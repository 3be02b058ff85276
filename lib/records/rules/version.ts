/** Which of two versions of a record is the newer one. The same everywhere: at holders, readers, in handovers and restores. */

export interface Version {
  readonly seq: number
  readonly round: number
  readonly signedAtMs: number
}

/**
 * Sign of the comparison: negative when `a` is older than `b`.
 *
 * First `seq`, then `round` (a writer whose version won a vote signs it again with the next round, which settles it),
 * then the time of signing (the owner prolongs the life of a version by signing it again).
 */
export function compareVersions(a: Version, b: Version): number {
  return a.seq - b.seq || a.round - b.round || a.signedAtMs - b.signedAtMs
}
