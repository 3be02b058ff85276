/**
 * Child process: a bare UDX socket that answers each datagram with prepared bytes of the length of a FIND_NODE reply.
 * No node can cost less.
 */
import type { Address } from '../../lib/primitives/address.js'
import { cpuMicros, serve } from '../process.js'
import { HOST } from '../subject.js'
import { bindSocket } from '../udx.js'
import { prepareReplies, TID_OFFSET } from './find-node.js'

const replies = prepareReplies()

const handlers = {
  /** Starts to answer. @returns where */
  async open(): Promise<Address> {
    const socket = await bindSocket()
    socket.on('message', (bytes, from) => socket.trySend(replies[bytes[TID_OFFSET]!]!, from.port, from.host))
    return { host: HOST, port: socket.address().port }
  },
  cpuMicros,
}

export type RawServer = typeof handlers
serve(handlers)
