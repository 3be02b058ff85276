/** A store of values as an application has one: two commands, and no care about what strangers could fill it with. */
import type { DHT } from '../../index.js'

export const PUT = 20
export const GET = 21

/** Makes the node answer PUT and GET. */
export function serveStore(node: DHT): void {
  const values = new Map<string, Uint8Array>()
  node.on('request', (req) => {
    if (req.target === null) return req.error(16)
    const key = req.target.join()
    if (req.command === GET) return req.reply(values.get(key) ?? null)
    if (req.token !== null && req.value !== null) values.set(key, Uint8Array.from(req.value))
    return req.reply(null)
  })
}
