/**
 * Names for clients, asked of the DNS directly: the system's own function would hold a thread of the process for each,
 * and strangers decide how long their name servers take.
 */
import { Resolver } from 'node:dns/promises'

/** Of one attempt; there are two. */
const TIMEOUT_MS = 3000

/** A function that gives an IPv4 address of a name, or rejects. */
export function createResolver(): (name: string) => Promise<string> {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: 2 })
  return async (name) => {
    // For development: no name server knows it.
    if (/^localhost\.?$/i.test(name)) return '127.0.0.1'
    const [address] = await resolver.resolve4(name)
    if (address === undefined) throw new Error(`no address of ${name}`)
    return address
  }
}
