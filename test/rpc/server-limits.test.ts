/** Which requests a server lets in during a flood, and what it costs to turn the others away. */
import b4a from 'b4a'
import test from 'brittle'
import { parseIPv4 } from '../../lib/primitives/address.js'
import { VirtualClock } from '../../lib/primitives/virtual-clock.js'
import { InboundLimits } from '../../lib/rpc/inbound-limits.js'
import { Server } from '../../lib/rpc/server.js'
import { createStats } from '../../lib/rpc/stats.js'
import { Tokens } from '../../lib/rpc/tokens.js'
import type { DatagramSocket } from '../../lib/transport/contract.js'
import { COMMAND } from '../../lib/wire/commands.js'
import { encodeRequest } from '../../lib/wire/request.js'
import { seededRandom } from '../helpers/contacts.js'

const HOST = '20.0.0.1'
const OTHER = '20.0.0.2'
const GARBAGE = b4a.alloc(32, 7)
const SECOND = 1000
const TOTAL = 100

/** Counts what is verified: each costs a hash or two where the host is unknown. */
class CountingTokens extends Tokens {
  verified = 0

  override verify(ip: number, bytes: Uint8Array, at: number, now: number): boolean {
    this.verified++
    return super.verify(ip, bytes, at, now)
  }
}

class Harness {
  readonly clock = new VirtualClock()
  readonly stats = createStats()
  readonly tokens = new CountingTokens({ random: seededRandom(1) })
  handled: string[] = []
  sent = 0
  readonly #server: Server
  #strangers = 0

  constructor() {
    const { clock, stats, tokens } = this
    const limits = new InboundLimits({ totalRequestsPerSecond: TOTAL })
    this.#server = new Server(
      {
        senderId: () => null,
        identify: () => null,
        closest: () => [],
        isExempt: () => false,
        onRequest: ({ host }) => void this.handled.push(host),
        handleInternal: () => 'handled',
        handleApplication: () => true,
      },
      { clock, stats, tokens, maxDatagramBytes: 2048, limits },
    )
  }

  /** @returns whether the request was handled */
  receive(host: string, token: Uint8Array | null = null): boolean {
    const before = this.handled.length
    const fields = { tid: 1, ip: 1, port: 1, id: null, internal: true, command: COMMAND.FIND_NODE, value: null }
    const bytes = encodeRequest({ ...fields, token, target: b4a.alloc(32) })
    const socket: DatagramSocket = {
      trySend: () => void this.sent++,
      address: () => ({ host: '20.9.9.9', port: 1 }),
      close: () => Promise.resolve(),
    }
    this.#server.receive(bytes, host, 1, socket)
    return this.handled.length > before
  }

  answers(host: string): void {
    this.#server.onAnswer(parseIPv4(host))
  }

  tokenOf(host: string): Uint8Array {
    return this.tokens.issue(parseIPv4(host), this.clock.now())
  }

  /** Others ask until nobody unproved is let in any more. */
  flood(token: Uint8Array | null = null, requests = 2 * TOTAL): void {
    for (let i = 0; i < requests; i++) {
      const number = this.#strangers++
      this.receive(`50.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`, token)
    }
  }
}

test('server: in a flood a valid token lets a stranger in, and keeps it in for a minute', async (t) => {
  const h = new Harness()
  const token = h.tokenOf(HOST)
  h.flood()
  t.absent(h.receive(HOST), 'without it')
  t.ok(h.receive(HOST, token))
  t.ok(h.receive(HOST), 'proved from now on')
  await h.clock.advance(59 * SECOND)
  h.flood()
  t.ok(h.receive(HOST))
  await h.clock.advance(SECOND)
  h.flood()
  t.absent(h.receive(HOST))
  t.absent(h.receive(HOST, token), 'the token has expired')
})

test('server: who sends the newest token along stays in, however long the flood', async (t) => {
  const h = new Harness()
  let token = h.tokenOf(HOST)
  for (let second = 0; second < 300; second += 20) {
    h.flood()
    t.ok(h.receive(HOST, token), `${second} s`)
    token = h.tokenOf(HOST)
    await h.clock.advance(20 * SECOND)
  }
})

test('server: who asks all the time without a token is a stranger a minute after its last answer', async (t) => {
  const h = new Harness()
  h.answers(HOST)
  for (let second = 0; second < 60; second += 5) {
    h.flood()
    t.ok(h.receive(HOST), `${second} s`)
    await h.clock.advance(5 * SECOND)
  }
  h.flood()
  t.absent(h.receive(HOST))
  h.answers(HOST)
  t.ok(h.receive(HOST), 'until it answers again')
})

test('server: in a flood a token that is none, or of another host, is dropped without an answer', (t) => {
  const h = new Harness()
  const token = h.tokenOf(OTHER)
  h.flood()
  const { sent } = h
  const { overLimit } = h.stats.datagrams.dropped
  t.absent(h.receive(HOST, token))
  t.absent(h.receive(HOST, GARBAGE))
  t.is(h.sent, sent)
  t.is(h.stats.datagrams.dropped.overLimit, overLimit + 2)
  t.absent(h.receive(HOST), 'and proves nothing')
  t.ok(h.receive(OTHER, token), 'who else has it is let in')
})

test('server: invented tokens cost so many looks and no more, and a true one comes through beside them', async (t) => {
  const h = new Harness()
  h.flood()
  const { verified } = h.tokens
  h.flood(GARBAGE, 10_000)
  t.is(h.tokens.verified - verified, TOTAL / 10)
  t.absent(h.receive(HOST, h.tokenOf(HOST)), 'where all looks are taken, it is not seen either')
  let isIn = false
  // Three times as many as are looked at, evenly, and one of ours now and then.
  for (let i = 0; i < 300 && !isIn; i++) {
    h.flood(null, 2)
    h.flood(GARBAGE, 1)
    if (i % 10 === 0) isIn = h.receive(HOST, h.tokenOf(HOST))
    await h.clock.advance(33)
  }
  t.ok(isIn)
})

test('server: without a flood a token is looked at once, and a wrong one is told so', (t) => {
  const h = new Harness()
  t.ok(h.receive(HOST, h.tokenOf(HOST)))
  t.is(h.tokens.verified, 1)
  t.absent(h.receive(HOST, GARBAGE))
  t.is(h.tokens.verified, 2)
  t.is(h.sent, 1, 'the error')
})
