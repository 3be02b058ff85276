/**
 * A target for a coverage-guided fuzzer (Jazzer.js, libFuzzer): every decoder of what strangers send, and that what is
 * decoded can be encoded again. Built as one CommonJS file, which the fuzzer instruments; see docs/SECURITY.md.
 */
import { datagramKind } from '../../../lib/wire/datagram.js'
import { copyBytes } from '../../../lib/wire/bytes.js'
import { decodeRequest, encodeRequest } from '../../../lib/wire/request.js'
import { decodeResponse, encodeResponse } from '../../../lib/wire/response.js'
import { DatagramBatch, DatagramReader, FRAME_HEADER_BYTES } from '../../../lib/transport/tunnel/datagram-frame.js'
import {
  decodeClientMessage,
  decodeGatewayMessage,
  encodeClientMessage,
  encodeGatewayMessage,
} from '../../../lib/transport/tunnel/messages.js'
import b4a from 'b4a'
import { requestOf, responseOf } from '../../wire/messages.js'

/** Throws when a decoder does, or when it reads outside of the input, or means something else the second time. */
export function fuzz(data: Uint8Array): void {
  // A view into a larger buffer, as sockets hand it in: what lies around must not matter.
  const bytes = copyBytes(data, 0, data.length)
  readDatagram(bytes)
  readTunnelMessage(bytes)
  readFrame(bytes)
}

function readDatagram(bytes: Uint8Array): void {
  const kind = datagramKind(bytes)
  const request = decodeRequest(bytes)
  const response = decodeResponse(bytes)
  if (request !== null && response !== null) throw new Error('a request and a response')
  if (request !== null) {
    if (kind !== 'request') throw new Error('a request that is none')
    const again = encodeRequest(requestOf(bytes, request))
    if (!b4a.equals(again, encodeRequest(requestOf(again, decodeRequest(again)!)))) throw new Error('another request')
  }
  if (response !== null) {
    if (kind !== 'response') throw new Error('a response that is none')
    const again = encodeResponse(responseOf(bytes, response))
    if (!b4a.equals(again, encodeResponse(responseOf(again, decodeResponse(again)!)))) {
      throw new Error('another response')
    }
  }
}

function readTunnelMessage(bytes: Uint8Array): void {
  const fromClient = decodeClientMessage(bytes)
  const fromGateway = decodeGatewayMessage(bytes)
  if (fromClient !== null && fromGateway !== null) throw new Error('a message of both ends')
  // Of a hello of another version only the beginning is known, and names need not be UTF-8.
  if (fromClient !== null && fromClient.type !== 'lookup' && !isOfAnotherVersion(fromClient)) {
    if (!b4a.equals(encodeClientMessage(fromClient), bytes)) throw new Error('another message of a client')
  }
  if (fromGateway !== null && !b4a.equals(encodeGatewayMessage(fromGateway), bytes)) {
    throw new Error('another message of a gateway')
  }
}

function isOfAnotherVersion(message: { type: string; version?: number }): boolean {
  return message.type === 'hello' && message.version !== 1
}

function readFrame(bytes: Uint8Array): void {
  const reader = DatagramReader.open(bytes)
  if (reader === null) return
  const batch = new DatagramBatch()
  let size = FRAME_HEADER_BYTES
  while (reader.next()) {
    batch.add(reader.socket, reader.ip, reader.port, reader.datagram, reader.ttl)
    size = FRAME_HEADER_BYTES + batch.recordBytes
  }
  if (size !== bytes.length) throw new Error('a frame that was not read to its end')
  if (!b4a.equals(batch.take(reader.consumed), bytes)) throw new Error('another frame')
}
