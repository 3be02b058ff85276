import test from 'brittle'
import fc from 'fast-check'
import {
  type ClientMessage,
  decodeClientMessage,
  decodeGatewayMessage,
  encodeClientMessage,
  encodeGatewayMessage,
  type GatewayMessage,
  type SessionTicket,
  TUNNEL_VERSION,
} from '../../../lib/transport/tunnel/messages.js'
import { BIND_OUTCOMES, REFUSALS } from '../../../lib/transport/tunnel/refusal.js'
import { decodeToken, encodeToken } from '../../../lib/transport/tunnel/token.js'
import { holds } from '../../helpers/properties.js'

const u8 = fc.nat(255)
const u16 = fc.nat(65_535)
const u32 = fc.nat(0xffffffff)
const ticket = fc.record<SessionTicket>({
  id: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  secret: fc.uint8Array({ minLength: 32, maxLength: 32 }),
})

const clientMessage = fc.oneof<fc.Arbitrary<ClientMessage>[]>(
  fc.record({
    type: fc.constant('hello' as const),
    version: fc.constant(TUNNEL_VERSION),
    windowBytes: u32,
    ticket: fc.option(ticket, { nil: null }),
  }),
  fc.record({ type: fc.constant('bind' as const), socket: u8, port: u16 }),
  fc.record({ type: fc.constant('close' as const), socket: u8 }),
  fc.record({ type: fc.constant('lookup' as const), id: u16, name: fc.stringMatching(/^[a-z0-9.-]{1,80}$/) }),
  fc.record({ type: fc.constant('ping' as const) }),
)

const gatewayMessage = fc.oneof<fc.Arbitrary<GatewayMessage>[]>(
  fc.record({
    type: fc.constant('welcome' as const),
    version: u8,
    resumed: fc.boolean(),
    ticket,
    windowBytes: u32,
    graceMs: u32,
    idleMs: u32,
    ip: u32,
    maxDatagramBytes: u16,
    sockets: fc.array(fc.record({ socket: u8, port: u16 }), { maxLength: 5 }),
  }),
  fc.record({ type: fc.constant('bound' as const), socket: u8, outcome: fc.constantFrom(...BIND_OUTCOMES), port: u16 }),
  fc.record({ type: fc.constant('closed' as const), socket: u8 }),
  fc.record({ type: fc.constant('address' as const), id: u16, ip: u32 }),
  fc.record({ type: fc.constant('pong' as const) }),
  fc.record({
    type: fc.constant('refused' as const),
    counts: fc.array(fc.record({ reason: fc.constantFrom(...REFUSALS), count: u32 }), { maxLength: 9 }),
  }),
  fc.record({ type: fc.constant('goaway' as const), withinMs: u32 }),
)

/** As text, so that Buffers and arrays of the same bytes are the same. */
function show(message: unknown): string {
  return JSON.stringify(message, (_, value: unknown) => (value instanceof Uint8Array ? [...value] : value))
}

test('messages: what is encoded is decoded, at both ends', (t) => {
  holds(
    t,
    fc.property(clientMessage, (sent) => show(decodeClientMessage(encodeClientMessage(sent))) === show(sent)),
  )
  holds(
    t,
    fc.property(gatewayMessage, (sent) => show(decodeGatewayMessage(encodeGatewayMessage(sent))) === show(sent)),
  )
})

test('messages: what is cut or has a byte more is refused', (t) => {
  holds(
    t,
    fc.property(clientMessage, (sent) => {
      if (sent.type === 'lookup') return true
      const bytes = encodeClientMessage(sent)
      return (
        decodeClientMessage(bytes.subarray(0, -1)) === null && decodeClientMessage(Uint8Array.of(...bytes, 0)) === null
      )
    }),
  )
  holds(
    t,
    fc.property(gatewayMessage, (sent) => {
      const bytes = encodeGatewayMessage(sent)
      return (
        decodeGatewayMessage(bytes.subarray(0, -1)) === null &&
        decodeGatewayMessage(Uint8Array.of(...bytes, 0)) === null
      )
    }),
  )
})

test('messages: whatever arrives is a message or null', (t) => {
  const anything = fc.tuple(
    fc.constantFrom(1, 2, 3, 5, 6, 0x81, 0x82, 0x83, 0x85, 0x86, 0x87, 0x88, 0xff),
    fc.uint8Array(),
  )
  holds(
    t,
    fc.property(anything, ([type, rest]) => {
      const bytes = Uint8Array.of(type, ...rest)
      const fromClient = decodeClientMessage(bytes)
      const fromGateway = decodeGatewayMessage(bytes)
      return fromClient === null || fromGateway === null
    }),
    { numRuns: 1000 },
  )
  t.is(decodeClientMessage(new Uint8Array(0)), null)
  t.is(decodeGatewayMessage(new Uint8Array(0)), null)
})

test('messages: of a hello of another version only the version counts', (t) => {
  const bytes = Uint8Array.of(1, 2, 0, 0, 1, 0, 99, 1, 2, 3)
  t.alike(decodeClientMessage(bytes), { type: 'hello', version: 2, windowBytes: 65_536, ticket: null })
})

test('messages: a ticket is kept, and the message it came in is not', (t) => {
  const bytes = encodeClientMessage({
    type: 'hello',
    version: 1,
    windowBytes: 1,
    ticket: { id: new Uint8Array(16).fill(1), secret: new Uint8Array(32).fill(2) },
  })
  const message = decodeClientMessage(bytes) as ClientMessage & { type: 'hello' }
  bytes.fill(9)
  t.is(message.ticket!.secret[0], 2)
  t.is(message.ticket!.secret.buffer.byteLength, 32)
})

test('messages: any text is a token', async (t) => {
  for (const text of ['', 'abc', 'sésame 🗝', 'a.b-c_d/+=', 'x'.repeat(3000)]) {
    const encoded = await encodeToken(text)
    t.ok(/^[\w-]*$/.test(encoded!))
    t.is(decodeToken(encoded!), text)
  }
  t.is(await encodeToken(null), null)
  t.is(decodeToken('no base64url!'), null)
  t.is(decodeToken((await encodeToken(async () => 'later'))!), 'later')
  await t.exception.all(encodeToken('x'.repeat(10_000)), /at most 8192/)
})
