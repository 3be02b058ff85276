/**
 * Datagrams of FIND_NODE and of custom requests, encoded beforehand (wire-protocol 5 and 8), so that making load and
 * answering it costs next to nothing.
 */
import { type Address, parseIPv4 } from '../../lib/primitives/address.js'

export const REQUEST_FIRST_BYTE = 0x03
export const RESPONSE_FIRST_BYTE = 0x13

/** Where the low byte of the transaction id is, in requests and responses. */
export const TID_OFFSET = 2

/** A reply with id and 20 closer nodes, no token, no value. */
export const FIND_NODE_REPLY_BYTES = 163

const FIND_NODE_REQUEST_BYTES = 43

/** A request with target and a value of 32 bytes, and its reply with id, token, 20 closer nodes and a value of 32 bytes. */
export const CUSTOM_REQUEST_BYTES = 76
export const CUSTOM_REPLY_BYTES = 228

/** What is sent, and what comes back for it. */
export type EchoKind = 'find-node' | 'custom'
export const REPLY_BYTES: Record<EchoKind, number> = { 'find-node': FIND_NODE_REPLY_BYTES, custom: CUSTOM_REPLY_BYTES }
const FLAGS_INTERNAL_AND_TARGET = 0x0c
const FLAGS_TARGET_AND_VALUE = 0x18
const COMMAND_FIND_NODE = 2
const COMMAND_CUSTOM = 7
const CUSTOM_VALUE_BYTES = 32

/** A request from a sender without id. @param tid 0 to 255 */
export function encodeFindNode(tid: number, to: Address, target: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(FIND_NODE_REQUEST_BYTES)
  encodeHead(bytes, FLAGS_INTERNAL_AND_TARGET, tid, to)
  bytes[10] = COMMAND_FIND_NODE
  bytes.set(target, 11)
  return bytes
}

/** The same for a custom request with a target and a value. */
export function encodeCustom(tid: number, to: Address, target: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(CUSTOM_REQUEST_BYTES)
  encodeHead(bytes, FLAGS_TARGET_AND_VALUE, tid, to)
  bytes[10] = COMMAND_CUSTOM
  bytes.set(target, 11)
  bytes[43] = CUSTOM_VALUE_BYTES
  bytes.fill(0x71, 44)
  return bytes
}

function encodeHead(bytes: Buffer, flags: number, tid: number, to: Address): void {
  bytes[0] = REQUEST_FIRST_BYTE
  bytes[1] = flags
  bytes.writeUInt16LE(tid, TID_OFFSET)
  bytes.writeUInt32BE(parseIPv4(to.host), 4)
  bytes.writeUInt16LE(to.port, 8)
}

/** A reply for each transaction id, to send as it is: as long as a real one, and without content. */
export function prepareReplies(sizeBytes = FIND_NODE_REPLY_BYTES): Uint8Array[] {
  return Array.from({ length: 256 }, (_, tid) => {
    const bytes = Buffer.alloc(sizeBytes)
    bytes[0] = RESPONSE_FIRST_BYTE
    bytes[TID_OFFSET] = tid
    return bytes
  })
}
