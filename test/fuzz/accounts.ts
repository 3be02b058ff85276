import type DHT from '../../index.js'

/** Datagrams received that are neither handled nor dropped for a reason; 0 when the books are right. */
export function unaccountedOf({ stats }: DHT): number {
  const { received, requests, responses, dropped } = stats.datagrams
  return received - requests - responses - Object.values(dropped).reduce((sum, count) => sum + count, 0)
}
