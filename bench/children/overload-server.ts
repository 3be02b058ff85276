/** Child process: a node whose application works for a while on each request, as one that checks signatures does. */
import { DHT } from '../../index.js'
import type { InboundLimitOptions } from '../../lib/rpc/inbound-limits.js'
import type { Stats } from '../../lib/rpc/stats.js'
import { freePort, HOST } from '../free-port.js'
import { serve } from '../process.js'

/** How long an event waits for its turn, looked at so often. */
const LOOK_MS = 10

let node: DHT | null = null
let worstDelayMs = 0

/** @param workUs CPU time of one request. @param limits null: none. @returns its port */
async function start(workUs: number, limits: InboundLimitOptions | null): Promise<number> {
  const inboundLimits = limits ?? false
  node = DHT.bootstrapper(await freePort(), HOST, { host: HOST, inboundLimits })
  node.on('request', (request) => {
    const end = process.hrtime.bigint() + BigInt(workUs * 1000)
    while (process.hrtime.bigint() < end);
    request.reply(null)
  })
  await node.fullyBootstrapped()
  let last = performance.now()
  setInterval(() => {
    const now = performance.now()
    worstDelayMs = Math.max(worstDelayMs, now - last - LOOK_MS)
    last = now
  }, LOOK_MS)
  return node.localAddress()!.port
}

/** What it holds and has counted, and its memory after a collection. */
function look(): { stats: Stats; heapBytes: number; worstDelayMs: number; contacts: number } {
  ;(globalThis as { gc?: () => void }).gc?.()
  return { stats: node!.stats, heapBytes: process.memoryUsage().heapUsed, worstDelayMs, contacts: node!.table.size }
}

const handlers = { start, look }
export type OverloadServer = typeof handlers
serve(handlers)
