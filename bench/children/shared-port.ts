/* oxlint-disable unicorn/require-post-message-target-origin -- threads have no origins */
/** Child process: workers that answer FIND_NODE datagrams with prepared bytes on one UDP port, without any DHT. */
import cluster, { type Worker as ClusterWorker } from 'node:cluster'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { Address } from '../../lib/primitives/address.js'
import { cpuMicros, serve } from '../process.js'
import { HOST } from '../subject.js'
import { createUdx } from '../udx.js'
import type { EchoReport } from './echo-worker.js'
import { prepareReplies, TID_OFFSET } from './find-node.js'

/**
 * How the port is shared. `cluster`: processes that read from one socket of node:cluster's. `threads`: each has a
 * socket of its own with SO_REUSEPORT. `udx`: sockets of this thread with udx's `reuseAddress`.
 */
export type Sharing = 'cluster' | 'threads' | 'udx'

const WORKER = new URL('./echo-worker.js', import.meta.url)

/** Asks each worker. */
let ask: () => Promise<EchoReport[]>

/** Whether the workers are processes of their own, and so not in the CPU time of this one. */
let hasProcesses = false

const handlers = {
  /** Starts the workers. @returns where all of them answer */
  async open(sharing: Sharing, workers: number): Promise<Address> {
    const start = { cluster: startCluster, threads: startThreads, udx: startSockets }[sharing]
    const ports = await start(workers)
    if (new Set(ports).size !== 1) throw new Error(`The workers are on ports ${ports.join(', ')}`)
    return { host: HOST, port: ports[0]! }
  },

  /** CPU time of all workers, and of this process. */
  async cpuMicros(): Promise<number> {
    if (!hasProcesses) return cpuMicros()
    return (await ask()).reduce((sum, report) => sum + report.cpuMicros, cpuMicros())
  },

  /** Requests that each worker has answered. */
  async answered(): Promise<number[]> {
    return (await ask()).map(({ answered }) => answered)
  },
}

async function startCluster(count: number): Promise<number[]> {
  hasProcesses = true
  cluster.setupPrimary({ exec: fileURLToPath(WORKER) })
  const workers = Array.from({ length: count }, () => cluster.fork())
  ask = () => {
    const reports = workers.map(nextReport)
    for (const worker of workers) worker.send('report')
    return Promise.all(reports)
  }
  return (await Promise.all(workers.map(nextReport))).map(({ port }) => port)
}

async function startThreads(count: number): Promise<number[]> {
  const threads: Worker[] = []
  const ports: number[] = []
  for (let i = 0; i < count; i++) {
    const thread = new Worker(WORKER, { workerData: { port: ports[0] ?? 0 } })
    threads.push(thread)
    ports.push((await nextReport(thread)).port)
  }
  ask = () => {
    const reports = threads.map(nextReport)
    for (const thread of threads) thread.postMessage('report')
    return Promise.all(reports)
  }
  return ports
}

async function nextReport(worker: ClusterWorker | Worker): Promise<EchoReport> {
  // Both are emitters; a cluster's also hands over the socket that came along, which is none.
  const [report] = (await once(worker as Worker, 'message')) as [EchoReport]
  return report
}

async function startSockets(count: number): Promise<number[]> {
  const udx = await createUdx()
  const replies = prepareReplies()
  const answered = new Array<number>(count).fill(0)
  const ports: number[] = []
  for (let i = 0; i < count; i++) {
    const socket = udx.createSocket({ reuseAddress: true })
    socket.bind(ports[0] ?? 0, HOST)
    ports.push(socket.address().port)
    socket.on('message', (bytes, from) => {
      answered[i]!++
      socket.trySend(replies[bytes[TID_OFFSET]!]!, from.port, from.host)
    })
  }
  ask = async () => answered.map((each, i) => ({ port: ports[i]!, answered: each, cpuMicros: cpuMicros() }))
  return ports
}

export type SharedPort = typeof handlers
serve(handlers)
