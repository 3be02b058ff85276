/**
 * A target for a coverage-guided fuzzer (Jazzer.js, libFuzzer): every decoder of what strangers send, and that what is
 * decoded can be encoded again. Built as one CommonJS file, which the fuzzer instruments; see docs/SECURITY.md.
 */
import { datagramKind } from '../../../lib/wire/datagram.js'
import { copyBytes } from '../../../lib/wire/bytes.js'
import { decodeRequest, encodeRequest } from '../../../lib/wire/request.js'
import { decodeResponse, encodeResponse } from '../../../lib/wire/response.js'
import b4a from 'b4a'
import { requestOf, responseOf } from '../../wire/messages.js'

/** Throws when a decoder does, or when it reads outside of the datagram, or means something else the second time. */
export function fuzz(data: Uint8Array): void {
  // A view into a larger buffer, as sockets hand it in: what lies around must not matter.
  const bytes = copyBytes(data, 0, data.length)
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
