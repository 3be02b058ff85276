import b4a from 'b4a'
import test from 'brittle'
import { idFromIp } from '../../lib/primitives/id.js'
import { Reply } from '../../lib/rpc/reply.js'
import { decodeResponse, encodeResponse } from '../../lib/wire/response.js'

const TOKEN = b4a.alloc(32, 1)
const VALUE = b4a.from('a value')
const CLOSER = [
  { ip: 0x14000001, port: 1 },
  { ip: 0xfe000002, port: 65535 },
]

/** The reply that arrives with these fields, in a receive buffer that is used again. */
function receive(token: Uint8Array | null, closer: typeof CLOSER, error: number, value: Uint8Array | null): Reply {
  const bytes = encodeResponse({ tid: 7, ip: 0xc0a80102, port: 77, id: null, token, closer, error, value })
  const reply = new Reply(bytes, decodeResponse(bytes)!, { id: null, host: '20.0.0.1', port: 9 }, 12)
  bytes.fill(0xaa)
  return reply
}

test('reply: has what was sent, whatever else was, and keeps it', (t) => {
  for (let mask = 0; mask < 16; mask++) {
    const token = mask & 1 ? TOKEN : null
    const closer = mask & 2 ? CLOSER : []
    const error = mask & 4 ? 300 : 0
    const value = mask & 8 ? VALUE : null
    const reply = receive(token, closer, error, value)
    t.alike({ token: reply.token, error: reply.error, value: reply.value }, { token, error, value }, `fields ${mask}`)
    t.alike(reply.to, { id: null, host: '192.168.1.2', port: 77 })
    t.is(reply.closer?.length ?? 0, closer.length)
    t.alike(
      reply.closerNodes?.map(({ id, port }) => ({ id, port })) ?? [],
      closer.map(({ ip, port }) => ({ id: idFromIp(ip, port), port })),
    )
  }
})

test('reply: a value of no bytes is not the same as none; what was read once is the same later', (t) => {
  const reply = receive(TOKEN, CLOSER, 0, b4a.alloc(0))
  t.is(reply.value?.length, 0)
  t.is(reply.value, reply.value)
  t.is(reply.token, reply.token)
  t.is(reply.closer, reply.closer)
  t.is(reply.closerNodes, reply.closerNodes)
})

test('reply: what users get of it shares memory with no other reply', (t) => {
  // A page may hand a value over to a Worker, and with it everything else in the same buffer. (Node.js forbids it.)
  for (const value of [VALUE, null]) {
    const [first, second] = [receive(TOKEN, CLOSER, 0, value), receive(TOKEN, CLOSER, 0, value)]
    if (typeof Buffer === 'undefined') t.not(first.token!.buffer, second.token!.buffer)
    first.token!.fill(0)
    first.value?.fill(0)
    t.alike([second.token, second.value, second.closer!.length], [TOKEN, value, 2])
    t.is(second.closer!.ipAt(1), CLOSER[1]!.ip)
  }
})
