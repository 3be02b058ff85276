/* oxlint-disable unicorn/require-post-message-target-origin -- threads have no origins */
/**
 * One of several workers that answer on the same UDP port: a cluster's worker process, or a thread. Says where it is
 * bound, and then, when asked, how many requests it has answered and what that cost it.
 */
import cluster from 'node:cluster'
import { createSocket, type SocketOptions } from 'node:dgram'
import { parentPort, workerData } from 'node:worker_threads'
import { cpuMicros } from '../process.js'
import { HOST } from '../subject.js'
import { prepareReplies, TID_OFFSET } from './find-node.js'

/** What a worker tells: its port when it is bound, and its counters when it gets any message. */
export interface EchoReport {
  port: number
  answered: number
  /** Of the whole process; threads share one. */
  cpuMicros: number
}

interface ThreadData {
  /** 0: any free one. */
  port: number
}

const replies = prepareReplies()
const thread = workerData as ThreadData | null
let answered = 0

// Addresses are no names: looking them up as such would cost a trip through the event loop each.
const lookup: NonNullable<SocketOptions['lookup']> = (host, _options, callback) => callback(null, host, 4)
// `reusePort` is younger than the oldest Node.js that the types know, and ignored by that.
const options: SocketOptions & { reusePort: boolean } = { type: 'udp4', lookup, reusePort: !cluster.isWorker }
const socket = createSocket(options)

socket.on('message', (bytes, from) => {
  answered++
  socket.send(replies[bytes[TID_OFFSET]!]!, from.port, from.address)
})
socket.bind({ port: thread?.port ?? 0, address: HOST }, report)

if (parentPort === null) process.on('message', report)
else parentPort.on('message', report)

function report(): void {
  const message: EchoReport = { port: socket.address().port, answered, cpuMicros: cpuMicros() }
  if (parentPort === null) process.send!(message)
  else parentPort.postMessage(message)
}
