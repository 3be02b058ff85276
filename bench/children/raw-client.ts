/** Child process: bare UDX sockets that keep requests under way, to load a server and nothing else. */
import type { Address } from '../../lib/primitives/address.js'
import { cpuMicros, serve } from '../process.js'
import { randomTargets, seededRandom } from '../random.js'
import { bindSockets, type RawSocket } from '../udx.js'
import {
  type EchoKind,
  encodeCustom,
  encodeFindNode,
  REPLY_BYTES,
  RESPONSE_FIRST_BYTE,
  TID_OFFSET,
} from './find-node.js'
import type { LoadResult } from './node-client.js'

/** No answer for this long: a datagram was lost, and the figures are worth nothing. */
const SILENCE_MS = 2000

let sockets: RawSocket[]
let server: Address
let all: Record<EchoKind, Uint8Array[]>
let datagrams: Uint8Array[]
let replyBytes: number
let onReply: (tid: number) => void = () => {}
let wrongReplies = 0

const handlers = {
  /** @param socketCount sockets to send from in turn: a power of two, at most as many as are outstanding. Default 1 */
  async open(to: Address, socketCount = 1): Promise<void> {
    server = to
    const targets = randomTargets(256, seededRandom(3))
    all = {
      'find-node': targets.map((target, tid) => encodeFindNode(tid, to, target)),
      custom: targets.map((target, tid) => encodeCustom(tid, to, target)),
    }
    sockets = await bindSockets(socketCount)
    for (const socket of sockets) {
      socket.on('message', (bytes) => {
        if (bytes.length !== replyBytes || bytes[0] !== RESPONSE_FIRST_BYTE) wrongReplies++
        onReply(bytes[TID_OFFSET]!)
      })
    }
  },

  /**
   * Keeps `outstanding` requests (a power of two, at most 128) under way for `ms`. Rejects for wrong or no answers.
   *
   * @param kind default `find-node`
   */
  async load(outstanding: number, ms: number, kind: EchoKind = 'find-node'): Promise<LoadResult> {
    datagrams = all[kind]
    replyBytes = REPLY_BYTES[kind]
    const cpuBefore = cpuMicros()
    const startedAt = performance.now()
    const requests = await exchangeUntil(startedAt + ms, outstanding)
    const seconds = (performance.now() - startedAt) / 1000
    if (wrongReplies > 0) throw new Error(`${wrongReplies} replies are not ${replyBytes} bytes long`)
    return { requests, seconds, clientCpuMicros: cpuMicros() - cpuBefore }
  },
}

/** Resolves with the number of exchanges after the deadline, when all are answered. */
function exchangeUntil(deadline: number, outstanding: number): Promise<number> {
  let answered = 0
  let underWay = outstanding
  return new Promise((resolve, reject) => {
    let seen = -1
    const watchdog = setInterval(() => {
      if (seen === answered) finish(() => reject(new Error('The server stopped answering')))
      seen = answered
    }, SILENCE_MS)
    const finish = (settle: () => void): void => {
      clearInterval(watchdog)
      onReply = () => {}
      settle()
    }
    onReply = (tid) => {
      answered++
      // The next datagram of the same lane: no two under way share a transaction id.
      if (performance.now() < deadline) send((tid + outstanding) & 255)
      else if (--underWay === 0) finish(() => resolve(answered))
    }
    for (let tid = 0; tid < outstanding; tid++) send(tid)
  })
}

function send(tid: number): void {
  // A lane keeps its socket, since the next transaction id of a lane differs by a multiple of the number of sockets.
  sockets[tid & (sockets.length - 1)]!.trySend(datagrams[tid]!, server.port, server.host)
}

export type RawClient = typeof handlers
serve(handlers)
