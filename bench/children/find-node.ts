/** FIND_NODE datagrams, encoded beforehand (wire-protocol 5 and 8), so that making load costs next to nothing. */
import { type Address, parseIPv4 } from '../../lib/primitives/address.js'

export const REQUEST_FIRST_BYTE = 0x03
export const RESPONSE_FIRST_BYTE = 0x13

/** Where the low byte of the transaction id is, in requests and responses. */
export const TID_OFFSET = 2

/** A reply with id and 20 closer nodes, no token, no value. */
export const FIND_NODE_REPLY_BYTES = 163

const FIND_NODE_REQUEST_BYTES = 43
const FLAGS_INTERNAL_AND_TARGET = 0x0c
const COMMAND_FIND_NODE = 2

/** A request from a sender without id. @param tid 0 to 255 */
export function encodeFindNode(tid: number, to: Address, target: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(FIND_NODE_REQUEST_BYTES)
  bytes[0] = REQUEST_FIRST_BYTE
  bytes[1] = FLAGS_INTERNAL_AND_TARGET
  bytes.writeUInt16LE(tid, TID_OFFSET)
  bytes.writeUInt32BE(parseIPv4(to.host), 4)
  bytes.writeUInt16LE(to.port, 8)
  bytes[10] = COMMAND_FIND_NODE
  bytes.set(target, 11)
  return bytes
}

/** A reply for each transaction id of {@link encodeFindNode}, to send as it is: as long as a real one, and without content. */
export function prepareReplies(): Uint8Array[] {
  return Array.from({ length: 256 }, (_, tid) => {
    const bytes = Buffer.alloc(FIND_NODE_REPLY_BYTES)
    bytes[0] = RESPONSE_FIRST_BYTE
    bytes[TID_OFFSET] = tid
    return bytes
  })
}
