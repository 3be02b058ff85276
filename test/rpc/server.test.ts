import b4a from 'b4a'
import test from 'brittle'
import { formatIPv4, parseIPv4 } from '../../lib/primitives/address.js'
import { idFromAddress } from '../../lib/primitives/id.js'
import { VirtualClock } from '../../lib/primitives/virtual-clock.js'
import type { Request } from '../../lib/rpc/request.js'
import { type CommandOutcome, type Inbound, Server } from '../../lib/rpc/server.js'
import { createStats } from '../../lib/rpc/stats.js'
import { Tokens } from '../../lib/rpc/tokens.js'
import type { DatagramSocket } from '../../lib/transport/contract.js'
import { copyBytes, readIp, readPort } from '../../lib/wire/bytes.js'
import { decodeRequest, encodeRequest, type RequestFields } from '../../lib/wire/request.js'
import { type DecodedResponse, decodeResponse } from '../../lib/wire/response.js'
import { seededRandom } from '../helpers/contacts.js'

const HOST = '20.0.0.1'
const PORT = 10001
const TARGET = b4a.alloc(32, 1)
const NODES = [
  { ip: parseIPv4('20.0.1.1'), port: 1 },
  { ip: parseIPv4('20.0.1.2'), port: 2 },
]

interface Sent {
  bytes: Uint8Array
  response: DecodedResponse | null
  host: string
  port: number
  socket: DatagramSocket
}

/** A server with a host that writes down what it is told. */
class Harness {
  readonly clock = new VirtualClock()
  readonly stats = createStats()
  readonly sent: Sent[] = []
  readonly noted: (Uint8Array | null)[] = []
  readonly requests: Request[] = []
  readonly internal: number[] = []
  readonly socket = this.createSocket()
  readonly server: Server
  senderId: Uint8Array | null = null
  listening = true
  outcome: CommandOutcome = 'handled'
  sendError: Error | null = null
  onRequest: (request: Request) => void = () => {}

  constructor() {
    const { clock, stats } = this
    this.server = new Server(
      {
        senderId: () => this.senderId,
        identify: (_ip, _port, bytes, idAt) => {
          const id = idFromAddress(HOST, PORT)
          return b4a.equals(copyBytes(bytes, idAt, 32), id) ? id : null
        },
        closest: () => NODES,
        isExempt: () => true,
        onRequest: (inbound: Inbound) => void this.noted.push(inbound.id),
        handleInternal: (inbound: Inbound) => {
          this.internal.push(inbound.message.command)
          return this.outcome
        },
        handleApplication: (request) => {
          if (!this.listening) return false
          this.requests.push(request)
          this.onRequest(request)
          return true
        },
      },
      { clock, stats, tokens: new Tokens({ random: seededRandom(1) }), maxDatagramBytes: 2048, limits: null },
    )
  }

  createSocket(): DatagramSocket {
    const socket: DatagramSocket = {
      trySend: (bytes, port, host) => {
        if (this.sendError !== null) throw this.sendError
        this.sent.push({ bytes, response: decodeResponse(bytes), host, port, socket })
      },
      address: () => ({ host: HOST, port: 1 }),
      close: () => Promise.resolve(),
    }
    return socket
  }

  get last(): Sent & { response: DecodedResponse } {
    return this.sent.at(-1) as Sent & { response: DecodedResponse }
  }

  receive(fields: Partial<RequestFields> = {}, host = HOST, port = PORT): void {
    const bytes = encodeRequest({
      tid: 77,
      ip: parseIPv4('9.8.7.6'),
      port: 5,
      id: null,
      token: null,
      internal: false,
      command: 3,
      target: null,
      value: null,
      ...fields,
    })
    this.server.receive(bytes, host, port, this.socket)
    bytes.fill(0xaa)
  }

  /** The token in the last answer. */
  token(): Uint8Array {
    return copyBytes(this.last.bytes, this.last.response.tokenAt, 32)
  }

  closer(): string[] {
    const { bytes, response } = this.last
    return Array.from({ length: response.closerCount }, (_, i) => {
      const at = response.closerAt + 6 * i
      return `${formatIPv4(readIp(bytes, at))}:${readPort(bytes, at)}`
    })
  }
}

test('server: the application gets the request in buffers of its own', (t) => {
  const h = new Harness()
  h.receive({ target: TARGET, value: b4a.from('abc'), command: 4, id: idFromAddress(HOST, PORT) })
  const request = h.requests[0]!
  t.alike(request.from, { id: idFromAddress(HOST, PORT), host: HOST, port: PORT })
  t.alike(request.to, { id: null, host: '9.8.7.6', port: 5 })
  t.is(request.tid, 77)
  t.is(request.command, 4)
  t.is(request.internal, false)
  t.alike(request.target, TARGET)
  t.is(b4a.toString(request.value!), 'abc')
  t.is(request.token, null)
  t.is(request.socket, h.socket)
  t.is(request.answered, false)
  t.alike(h.noted, [idFromAddress(HOST, PORT)])
  t.is(h.stats.datagrams.requests, 1)
  t.is(h.sent.length, 0, 'without an answer nothing is sent')
})

test('server: a reply carries value, token and closer nodes, to who asked', (t) => {
  const h = new Harness()
  h.onRequest = (request) => request.reply(b4a.from('yes'))
  h.receive({ target: TARGET })
  const { response, bytes, host, port, socket } = h.last
  t.is(response.tid, 77)
  t.is(formatIPv4(response.toIp), HOST)
  t.is(response.toPort, PORT)
  t.alike([host, port, socket], [HOST, PORT, h.socket])
  t.is(b4a.toString(copyBytes(bytes, response.valueAt, response.valueBytes)), 'yes')
  t.ok(response.tokenAt > 0)
  t.alike(h.closer(), ['20.0.1.1:1', '20.0.1.2:2'])
  t.is(response.error, 0)
  t.is(response.idAt, -1)
  t.is(h.requests[0]!.answered, true)
})

test('server: what a reply adds can be chosen', (t) => {
  const h = new Harness()
  const rows: [(request: Request) => void, { token: boolean; closer: number; error: number; value: number }][] = [
    [(r) => r.reply(), { token: true, closer: 2, error: 0, value: -1 }],
    [(r) => r.reply(null), { token: true, closer: 2, error: 0, value: -1 }],
    [(r) => r.reply(b4a.alloc(0)), { token: true, closer: 2, error: 0, value: 0 }],
    [(r) => r.reply(b4a.alloc(3), { token: false }), { token: false, closer: 2, error: 0, value: 3 }],
    [(r) => r.reply(null, { closerNodes: false }), { token: true, closer: 0, error: 0, value: -1 }],
    [(r) => r.error(16), { token: false, closer: 2, error: 16, value: -1 }],
    [(r) => r.error(300, { token: true }), { token: true, closer: 2, error: 300, value: -1 }],
    [(r) => r.error(16, { closerNodes: false }), { token: false, closer: 0, error: 16, value: -1 }],
  ]
  for (const [answer, expected] of rows) {
    h.onRequest = answer
    h.receive({ target: TARGET })
    const { response } = h.last
    t.is(response.tokenAt !== -1, expected.token, String(answer))
    t.is(response.closerCount, expected.closer)
    t.is(response.error, expected.error)
    t.is(response.valueAt === -1 ? -1 : response.valueBytes, expected.value)
  }
})

test('server: without a target there are no closer nodes', (t) => {
  const h = new Harness()
  h.onRequest = (request) => request.reply()
  h.receive()
  t.is(h.last.response.closerCount, 0)
})

test('server: a reply can go elsewhere, with the token of that host', (t) => {
  const h = new Harness()
  const socket = h.createSocket()
  h.onRequest = (request) => request.reply(null, { to: { host: '20.0.0.9', port: 9 }, socket })
  h.receive()
  t.alike([h.last.host, h.last.port, h.last.socket], ['20.0.0.9', 9, socket])
  t.is(formatIPv4(h.last.response.toIp), '20.0.0.9')
  t.is(h.last.response.toPort, 9)
  const token = h.token()
  h.onRequest = (request) => request.reply()
  h.receive({}, '20.0.0.9')
  t.alike(h.token(), token)
  h.receive({}, '20.0.0.8')
  t.unlike(h.token(), token)
})

test('server: every answer goes out, also late and more than once', (t) => {
  const h = new Harness()
  h.receive({ value: b4a.from('x') })
  const [request] = h.requests
  h.receive({ tid: 78 })
  request!.reply()
  request!.reply()
  t.is(h.sent.length, 2)
  t.ok(h.sent.every(({ response }) => response!.tid === 77))
})

test('server: a relay is a request with the same tid, command and target, and our id', (t) => {
  const h = new Harness()
  h.senderId = b4a.alloc(32, 8)
  h.onRequest = (request) => request.relay(b4a.from('for you'), { host: '20.0.0.9', port: 9 })
  h.receive({ target: TARGET, command: 12, token: null })
  const { bytes, host, port } = h.last
  const relayed = decodeRequest(bytes)!
  t.alike([host, port], ['20.0.0.9', 9])
  t.is(relayed.tid, 77)
  t.is(relayed.command, 12)
  t.is(relayed.internal, false)
  t.alike(copyBytes(bytes, relayed.targetAt, 32), TARGET)
  t.is(b4a.toString(copyBytes(bytes, relayed.valueAt, relayed.valueBytes)), 'for you')
  t.alike(copyBytes(bytes, relayed.idAt, 32), h.senderId)
  t.is(relayed.tokenAt, -1)
  t.is(formatIPv4(relayed.toIp), '20.0.0.9')
  t.is(h.requests[0]!.answered, true)
})

test('server: bad arguments of an answer throw and leave the request unanswered', async (t) => {
  const h = new Harness()
  h.receive({ target: TARGET })
  const request = h.requests[0]!
  const to = { host: '20.0.0.9', port: 9 }
  const rows: [() => void, RegExp][] = [
    [() => request.reply('text' as unknown as Uint8Array), /value must be a Uint8Array or null, got string/],
    [() => request.reply(null, { to: { host: 'x', port: 1 } }), /host must be an IPv4 address, got x/],
    [() => request.reply(null, { to: { host: '1.2.3.4', port: 0 } }), /port must be an integer from 1 to 65535, got 0/],
    [() => request.error(-1), /error code must be .*, got -1/],
    [() => request.error(1.5), /error code must be .*, got 1.5/],
    [() => request.error('16' as unknown as number), /error code must be .*, got 16/],
    [() => request.relay('x' as unknown as Uint8Array, to), /value must be a Uint8Array or null, got string/],
    [() => request.relay(null, { host: '1.2.3', port: 9 }), /host must be an IPv4 address, got 1.2.3/],
    [() => request.relay(null, { host: '1.2.3.4', port: 70000 }), /port must be .*, got 70000/],
  ]
  for (const [run, message] of rows) await t.exception.all(run, message)
  t.is(h.sent.length, 0)
  t.is(request.answered, false)
})

test('server: a value that does not fit throws, and says what would', async (t) => {
  const h = new Harness()
  h.receive({ target: TARGET })
  const request = h.requests[0]!
  await t.exception.all(() => request.reply(b4a.alloc(2000)), /value is 2000 bytes, but only 19\d\d fit/)
  t.is(request.answered, false)
  let room = 2000
  for (;;) {
    try {
      request.reply(b4a.alloc(--room))
      break
    } catch {}
  }
  t.is(h.last.bytes.length, 2048)
  await t.exception.all(() => request.relay(b4a.alloc(2040), { host: '20.0.0.9', port: 9 }), RangeError)
})

test('server: without a listener the answer is error 1, with closer nodes and no token', (t) => {
  const h = new Harness()
  h.listening = false
  h.receive({ target: TARGET })
  t.is(h.last.response.error, 1)
  t.is(h.last.response.tokenAt, -1)
  t.is(h.last.response.closerCount, 2)
  h.receive()
  t.is(h.last.response.closerCount, 0)
})

test('server: an invalid token is answered with error 2 and a fresh one, and goes no further', (t) => {
  const h = new Harness()
  for (const internal of [false, true]) {
    h.receive({ token: b4a.alloc(32, 9), target: TARGET, internal, id: idFromAddress(HOST, PORT) })
    const { response } = h.last
    t.is(response.error, 2)
    t.is(response.closerCount, 2)
    t.is(response.valueAt, -1)
    t.ok(response.tokenAt > 0)
    t.alike([h.requests.length, h.internal.length, h.noted.length], [0, 0, 0])
  }
  h.receive({ token: h.token() })
  t.is(h.requests.length, 1, 'the fresh one is good')
  t.ok(h.requests[0]!.token)
})

test('W-S12: a token outlives a query with dead nodes, and belongs to one host', async (t) => {
  const h = new Harness()
  h.onRequest = (request) => request.reply()
  h.receive()
  const token = h.token()
  await h.clock.advance(29_000)
  h.receive({ token })
  t.is(h.last.response.error, 0)
  h.receive({ token }, HOST, PORT + 1)
  t.is(h.last.response.error, 0, 'the port is not covered')
  h.receive({ token }, '20.0.0.2')
  t.is(h.last.response.error, 2)
  await h.clock.advance(60_000)
  h.receive({ token })
  t.is(h.last.response.error, 2, 'expired')
})

test('server: internal commands are counted by what became of them', (t) => {
  const h = new Harness()
  for (const outcome of ['handled', 'badArgument', 'overLimit'] as const) {
    h.outcome = outcome
    h.receive({ internal: true, command: 2 })
  }
  const { datagrams } = h.stats
  t.alike([datagrams.requests, datagrams.dropped.badArgument, datagrams.dropped.overLimit], [1, 1, 1])
  t.alike(h.internal, [2, 2, 2])
})

test('server: a sender is identified only by the hash of its address', (t) => {
  const h = new Harness()
  h.receive({ id: b4a.alloc(32, 4) })
  h.receive({ id: idFromAddress(HOST, PORT) })
  h.receive()
  t.alike(
    h.requests.map(({ from }) => from.id),
    [null, idFromAddress(HOST, PORT), null],
  )
  t.alike(h.noted, [null, idFromAddress(HOST, PORT), null])
})

test('server: what cannot be decoded is counted and dropped', (t) => {
  const h = new Harness()
  for (const bytes of [
    Uint8Array.of(3, 0),
    Uint8Array.of(3, 0x1f, 0, 0, 1, 2, 3, 4, 5, 6),
    new Uint8Array(11).fill(3),
  ]) {
    h.server.receive(bytes, HOST, PORT, h.socket)
  }
  const bytes = encodeRequest({
    tid: 1,
    ip: 1,
    port: 1,
    id: null,
    token: null,
    internal: true,
    command: 0,
    target: null,
    value: null,
  })
  h.server.receive(bytes, '::1', PORT, h.socket)
  t.is(h.stats.datagrams.dropped.malformed, 4)
  t.is(h.sent.length, 0)
})

test('server: a socket that fails loses the answer and nothing else', (t) => {
  const h = new Harness()
  h.sendError = new Error('closed')
  h.onRequest = (request) => request.reply()
  h.receive()
  t.is(h.requests[0]!.answered, true)
  t.is(h.stats.datagrams.sent, 0)
  h.sendError = null
  h.receive()
  t.is(h.stats.datagrams.sent, 1)
})
