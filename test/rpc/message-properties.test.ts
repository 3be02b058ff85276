/** Requests and replies as applications see them, tokens, and counters: what holds for all of them. */
import b4a from 'b4a'
import test from 'brittle'
import fc from 'fast-check'
import { formatIPv4 } from '../../lib/primitives/address.js'
import { idFromIp } from '../../lib/primitives/id.js'
import { Reply } from '../../lib/rpc/reply.js'
import { Request, type Response } from '../../lib/rpc/request.js'
import { commandStats, createStats } from '../../lib/rpc/stats.js'
import { tokenFor, Tokens } from '../../lib/rpc/tokens.js'
import { decodeRequest, encodeRequest, type RequestFields } from '../../lib/wire/request.js'
import { decodeResponse, encodeResponse, type ResponseFields } from '../../lib/wire/response.js'
import { seededRandom } from '../helpers/contacts.js'
import { anyRequest, anyResponse } from '../wire/messages.js'
import { holds } from '../helpers/properties.js'

const same = (a: Uint8Array | null, b: Uint8Array | null): boolean =>
  a === null || b === null ? a === b : b4a.equals(a, b)

test('reply: has what was sent, and keeps it when the receive buffer is used again', (t) => {
  holds(
    t,
    fc.property(anyResponse, (fields: ResponseFields) => {
      const bytes = encodeResponse(fields)
      const reply = new Reply(bytes, decodeResponse(bytes)!, { id: null, host: '20.0.0.1', port: 9 }, 12)
      bytes.fill(0xaa)
      const named = reply.closerNodes ?? []
      return (
        reply.tid === fields.tid &&
        reply.error === fields.error &&
        same(reply.token, fields.token) &&
        same(reply.value, fields.value) &&
        reply.to.host === formatIPv4(fields.ip) &&
        reply.to.port === fields.port &&
        named.length === fields.closer.length &&
        named.every(({ id, host, port }, i) => {
          const sent = (fields.closer as { ip: number; port: number }[])[i]!
          return host === formatIPv4(sent.ip) && port === sent.port && b4a.equals(id!, idFromIp(sent.ip, sent.port))
        })
      )
    }),
  )
})

test('request: has what was sent, and is answered to who asked, under its id', (t) => {
  holds(
    t,
    fc.property(anyRequest, fc.nat(300), fc.boolean(), (fields: RequestFields, code, fails) => {
      const bytes = encodeRequest(fields)
      const responses: Response[] = []
      const socket = {} as never
      const from = { ip: 0x14000001, host: '20.0.0.1', port: 9 }
      const request = new Request(
        { bytes, message: decodeRequest(bytes)!, id: null, socket, ...from },
        {
          respond: (response) => void responses.push(response),
          relay() {},
        },
      )
      bytes.fill(0xaa)
      if (request.answered) return false
      if (fails) request.error(code)
      else request.reply(fields.value)
      const [response] = responses
      return (
        request.answered &&
        request.command === fields.command &&
        request.internal === fields.internal &&
        same(request.token, fields.token) &&
        same(request.target, fields.target) &&
        same(request.value, fields.value) &&
        responses.length === 1 &&
        response!.tid === fields.tid &&
        response!.ip === from.ip &&
        response!.port === from.port &&
        response!.error === (fails ? code : 0) &&
        response!.token === !fails &&
        same(response!.value, fails ? null : fields.value)
      )
    }),
  )
})

test('request: an error code is a non-negative integer, or a RangeError', (t) => {
  const fields = {
    tid: 1,
    ip: 1,
    port: 1,
    id: null,
    token: null,
    internal: false,
    command: 1,
    target: null,
    value: null,
  }
  const bytes = encodeRequest(fields)
  holds(
    t,
    fc.property(fc.oneof(fc.integer(), fc.double(), fc.constantFrom(NaN, Infinity, -1, 0.5)), (code) => {
      const request = new Request({ bytes, message: decodeRequest(bytes)!, id: null } as never, {
        respond() {},
        relay() {},
      })
      try {
        request.error(code)
        return Number.isSafeInteger(code) && code >= 0
      } catch (error) {
        return error instanceof RangeError && !(Number.isSafeInteger(code) && code >= 0) && !request.answered
      }
    }),
  )
})

test('tokens: valid for one to two periods, for the host they were issued to, and for nobody else', (t) => {
  const step = fc.record({ ip: fc.nat(5), other: fc.nat(5), afterMs: fc.nat(3000), ageMs: fc.nat(3000) })
  holds(
    t,
    fc.property(fc.array(step, { maxLength: 30 }), fc.nat(1000), (steps, seed) => {
      const tokens = new Tokens({ random: seededRandom(seed), rotateMs: 1000 })
      let now = 0
      for (const { ip, other, afterMs, ageMs } of steps) {
        now += afterMs
        const token = Uint8Array.from(tokens.issue(ip, now))
        if (!tokens.verify(ip, token, 0, now) || (other !== ip && tokens.verify(other, token, 0, now))) return false
        now += ageMs
        const isValid = tokens.verify(ip, token, 0, now)
        if (ageMs < 1000 && !isValid) return false
        if (ageMs >= 2000 && isValid) return false
      }
      return true
    }),
  )
  holds(
    t,
    fc.property(fc.nat(0xffffffff), fc.uint8Array({ minLength: 32, maxLength: 32 }), (ip, bytes) => {
      const tokens = new Tokens({ random: seededRandom(1) })
      const isOurs = b4a.equals(tokens.issue(ip, 0), bytes)
      return tokens.verify(ip, bytes, 0, 0) === isOurs && tokenFor(bytes, formatIPv4(ip)).length === 32
    }),
  )
})

test('stats: a counter of its own for each command of the protocol, and for no other', (t) => {
  const stats = createStats()
  const all = Object.values(stats.commands)
  holds(
    t,
    fc.property(fc.maxSafeNat(), (command) => {
      const counters = commandStats(stats, command)
      return command < all.length ? counters === all[command] : counters === null
    }),
  )
  t.is(new Set(all).size, 5)
  for (let command = 0; command < 5; command++) t.is(commandStats(stats, command), all[command])
})
