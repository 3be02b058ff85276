/** The bare echo exchanges datagrams of the very sizes that nodes exchange. */
import test from 'brittle'
import {
  CUSTOM_REPLY_BYTES,
  CUSTOM_REQUEST_BYTES,
  encodeCustom,
  encodeFindNode,
  FIND_NODE_REPLY_BYTES,
  prepareReplies,
} from '../../bench/children/find-node.js'
import { requestSizeBytes } from '../../lib/wire/request.js'
import { responseSizeBytes } from '../../lib/wire/response.js'

const VALUE = new Uint8Array(32)
const ID = new Uint8Array(32)
const CLOSER = Array.from({ length: 20 }, (_, i) => ({ ip: i, port: 1 }))
const REPLY = { tid: 1, ip: 1, port: 1, id: ID, closer: CLOSER, error: 0 }

test('echo: a custom request and its reply are as long as those of nodes', (t) => {
  t.is(CUSTOM_REQUEST_BYTES, requestSizeBytes(7, false, false, true, VALUE))
  t.is(CUSTOM_REPLY_BYTES, responseSizeBytes({ ...REPLY, token: ID, value: VALUE }))
  t.is(encodeCustom(5, { host: '127.0.0.1', port: 1 }, ID).length, CUSTOM_REQUEST_BYTES)
  t.ok(prepareReplies(CUSTOM_REPLY_BYTES).every(({ length }) => length === CUSTOM_REPLY_BYTES))
})

test('echo: so are FIND_NODE and its reply', (t) => {
  const to = { host: '127.0.0.1', port: 1 }
  t.is(encodeFindNode(1, to, ID).length, requestSizeBytes(2, false, false, true, null))
  t.is(FIND_NODE_REPLY_BYTES, responseSizeBytes({ ...REPLY, token: null, value: null }))
})
