/** Who is asked next, where a few are asked at a time and everybody has his turn. */

/** `count` items from number `turn` on, going round; each once. */
export function nextPeers<T>(items: readonly T[], turn: number, count: number): T[] {
  return Array.from({ length: Math.min(count, items.length) }, (_, i) => items[(turn + i) % items.length]!)
}
