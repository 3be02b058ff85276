/** Child process: a network of persistent nodes on the loopback address, all in this process. */
import { compareDistance, sameId } from '../../lib/primitives/id.js'
import { sleep } from '../measurement.js'
import { cpuMicros, serve } from '../process.js'
import { randomTargets, seededRandom } from '../random.js'
import { type BenchNode, type BenchOptions, HOST, loadSubject, startBootstrapper, type Subject } from '../subject.js'
import type { SubjectName } from '../subject.js'
import { countDatagrams, createUdx } from '../udx.js'

/** Nodes that join at the same time. */
const BATCH = 10

/** Size of a lookup's result. */
const K = 20

export interface JoinResult {
  ms: number
  cpuMicros: number
  datagrams: number
  /** Nodes that are persistent after it: all of them, where joining works. */
  persistent: number
}

export interface IdleResult {
  cpuMicros: number
  datagrams: number
}

export interface LookupResult {
  ms: number
  requests: number
  datagrams: number
  /** Share of the true k closest nodes among the results, 0 to 1. */
  exactness: number
}

let DHT: Subject
let options: BenchOptions
let sent: () => number
const nodes: BenchNode[] = []

const handlers = {
  /** Starts the bootstrapper. @param sharedUdx one UDX instance for all nodes, instead of the default */
  async open(name: SubjectName, sharedUdx = false): Promise<void> {
    DHT = await loadSubject(name)
    sent = await countDatagrams()
    options = sharedUdx ? { host: HOST, udx: await createUdx() } : { host: HOST }
    const [bootstrapper, { host, port }] = await startBootstrapper(DHT, options)
    nodes.push(bootstrapper)
    options = { ...options, bootstrap: [`${host}:${port}`], ephemeral: false }
  },

  /** Joins `count` more nodes, and waits until each says that it is bootstrapped. */
  async join(count: number): Promise<JoinResult> {
    const cpuBefore = cpuMicros()
    const sentBefore = sent()
    const startedAt = performance.now()
    for (let joined = 0; joined < count; joined += BATCH) {
      const batch = Array.from({ length: Math.min(BATCH, count - joined) }, () => new DHT(options))
      nodes.push(...batch)
      await Promise.all(batch.map((node) => node.fullyBootstrapped()))
    }
    const ms = performance.now() - startedAt
    const persistent = nodes.filter((node) => !node.ephemeral).length - 1
    return { ms, cpuMicros: cpuMicros() - cpuBefore, datagrams: sent() - sentBefore, persistent }
  },

  /** Where others can join. */
  bootstrap: (): string[] => options.bootstrap!,

  /** Memory in use after collecting garbage. */
  memory(): NodeJS.MemoryUsage {
    // Twice: finalizers of the first free what only the second sees as garbage.
    globalThis.gc?.()
    globalThis.gc?.()
    return process.memoryUsage()
  },

  /** Does nothing for `ms`. */
  async idle(ms: number): Promise<IdleResult> {
    const cpuBefore = cpuMicros()
    const sentBefore = sent()
    await sleep(ms)
    return { cpuMicros: cpuMicros() - cpuBefore, datagrams: sent() - sentBefore }
  },

  /** Looks up `count` random targets, each from a random node, one after the other. */
  async lookup(count: number): Promise<LookupResult> {
    const random = seededRandom(4)
    const targets = randomTargets(count, random)
    const askers = targets.map(() => nodes[1 + random(nodes.length - 1)]!)
    const results: Uint8Array[][] = []
    const requestsBefore = totalRequests()
    const sentBefore = sent()
    const startedAt = performance.now()
    for (const [i, target] of targets.entries()) {
      const query = askers[i]!.findNode(target)
      await query.finished()
      results.push(query.closestNodes.map((node) => node.id))
    }
    const ms = performance.now() - startedAt
    const requests = totalRequests() - requestsBefore
    const datagrams = sent() - sentBefore
    const shares = results.map((result, i) => shareFound(result, targets[i]!, askers[i]!))
    return { ms, requests, datagrams, exactness: shares.reduce((sum, share) => sum + share, 0) / count }
  },
}

function totalRequests(): number {
  return nodes.reduce((sum, node) => sum + node.stats.requests.total, 0)
}

/** Share of the k persistent nodes closest to the target, the asker itself aside, that the result holds. */
function shareFound(result: Uint8Array[], target: Uint8Array, asker: BenchNode): number {
  const ids = nodes.filter((node) => node !== asker).flatMap((node) => (node.id === null ? [] : [node.id]))
  const closest = ids.sort((a, b) => compareDistance(target, a, b)).slice(0, K)
  return closest.filter((id) => result.some((found) => sameId(found, id))).length / closest.length
}

export type Network = typeof handlers
serve(handlers)
