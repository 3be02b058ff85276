/** Child process: one ephemeral node, which asks a server for a while and says what that took. */
import type { Address } from '../../lib/primitives/address.js'
import { cpuMicros, serve } from '../process.js'
import { randomTargets, seededRandom } from '../random.js'
import { type BenchNode, type BenchReply, HOST, loadSubject, type SubjectName } from '../subject.js'

export type RequestKind = 'custom' | 'ping'

/** What one load was, and what it cost this process. */
export interface LoadResult {
  requests: number
  seconds: number
  clientCpuMicros: number
}

const COMMAND = 7
const VALUE = Buffer.alloc(32, 0x71)
const CLOSER_NODES = 20
const targets = randomTargets(256, seededRandom(2))

let node: BenchNode
let server: Address

const handlers = {
  /** Starts the node. */
  async open(name: SubjectName, to: Address): Promise<void> {
    const DHT = await loadSubject(name)
    node = new DHT({ host: HOST, bootstrap: [], ephemeral: true })
    await node.fullyBootstrapped()
    server = to
  },

  /** Keeps `outstanding` requests under way for `ms`. Rejects where an answer is not the expected one. */
  async load(kind: RequestKind, outstanding: number, ms: number): Promise<LoadResult> {
    await checkCustomReply()
    const cpuBefore = cpuMicros()
    const startedAt = performance.now()
    const deadline = startedAt + ms
    const counts = await Promise.all(Array.from({ length: outstanding }, () => askUntil(deadline, kind)))
    const seconds = (performance.now() - startedAt) / 1000
    const clientCpuMicros = cpuMicros() - cpuBefore
    await checkCustomReply()
    return { requests: counts.reduce((sum, count) => sum + count, 0), seconds, clientCpuMicros }
  },
}

async function askUntil(deadline: number, kind: RequestKind): Promise<number> {
  const ask = kind === 'custom' ? askCustom : askPing
  let count = 0
  while (performance.now() < deadline) {
    const reply = await ask(count)
    if (reply.error) throw new Error(`The server answered with error ${reply.error}`)
    count++
  }
  return count
}

function askCustom(count: number): Promise<BenchReply> {
  return node.request({ command: COMMAND, target: targets[count & 255]!, value: VALUE }, server)
}

function askPing(): Promise<BenchReply> {
  return node.ping(server)
}

/** Both sides must do the same work: the reply carries as many closer nodes as one can. */
async function checkCustomReply(): Promise<void> {
  const reply = await askCustom(0)
  const closer = reply.closerNodes?.length ?? 0
  if (closer !== CLOSER_NODES) throw new Error(`The reply carries ${closer} closer nodes, not ${CLOSER_NODES}`)
}

export type NodeClient = typeof handlers
serve(handlers)
