/**
 * Child process: a bare UDX socket that answers each datagram with prepared bytes, as long as the reply to such a request.
 * No node can cost less.
 */
import type { Address } from '../../lib/primitives/address.js'
import { cpuMicros, serve } from '../process.js'
import { HOST } from '../subject.js'
import { bindSocket } from '../udx.js'
import { CUSTOM_REPLY_BYTES, CUSTOM_REQUEST_BYTES, prepareReplies, TID_OFFSET } from './find-node.js'

const replies = prepareReplies()
const customReplies = prepareReplies(CUSTOM_REPLY_BYTES)

const handlers = {
  /** Starts to answer. @returns where */
  async open(): Promise<Address> {
    const socket = await bindSocket()
    socket.on('message', (bytes, from) => {
      const kind = bytes.length === CUSTOM_REQUEST_BYTES ? customReplies : replies
      socket.trySend(kind[bytes[TID_OFFSET]!]!, from.port, from.host)
    })
    return { host: HOST, port: socket.address().port }
  },
  cpuMicros,
}

export type RawServer = typeof handlers
serve(handlers)
