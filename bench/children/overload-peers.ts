/** Child process: honest peers of the server, each with an address of its own. */
import { DHT } from '../../index.js'
import { serve } from '../process.js'

const COMMAND = 1
const target = new Uint8Array(32).fill(7)

let peers: DHT[] = []
let server = { host: '127.0.0.1', port: 0 }

/** Asks of one half-second. */
export interface Slice {
  asked: number
  answered: number
}

const SLICE_MS = 500

/** Joins; the server learns of each. */
async function start(port: number, addresses: string[]): Promise<void> {
  server = { host: '127.0.0.1', port }
  peers = addresses.map((host) => new DHT({ host, bootstrap: [server], ephemeral: false }))
  await Promise.all(peers.map((peer) => peer.fullyBootstrapped()))
}

/** Answers a second, where there is always one more question waiting. */
async function saturate(ms: number, outstanding: number): Promise<number> {
  const endMs = performance.now() + ms
  let answered = 0
  const lane = async (i: number): Promise<void> => {
    while (performance.now() < endMs) if (await ask(i)) answered++
  }
  await Promise.all(Array.from({ length: outstanding }, (_, i) => lane(i)))
  return (answered * 1000) / ms
}

/** Asks at a steady pace. @returns by half-second of the asking; a request counts as answered with retries, or is lost */
async function ask(i: number): Promise<boolean> {
  const peer = peers[i % peers.length]!
  return peer.request({ command: COMMAND, target }, server).then(
    () => true,
    () => false,
  )
}

async function askSteadily(ms: number, perSecond: number): Promise<Slice[]> {
  const slices = Array.from({ length: Math.ceil(ms / SLICE_MS) }, (): Slice => ({ asked: 0, answered: 0 }))
  const startMs = performance.now()
  const asks: Promise<void>[] = []
  let asked = 0
  for (let elapsed = 0; elapsed < ms; elapsed = performance.now() - startMs) {
    const slice = slices[Math.min(slices.length - 1, Math.floor(elapsed / SLICE_MS))]!
    for (const due = (elapsed * perSecond) / 1000; asked < due; asked++) {
      slice.asked++
      asks.push(ask(asked).then((answered) => void (slice.answered += Number(answered))))
    }
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  await Promise.all(asks)
  return slices
}

const handlers = { start, saturate, askSteadily }
export type OverloadPeers = typeof handlers
serve(handlers)
