import test from 'brittle'
import * as fc from 'fast-check'
import { outgoing, sendOptions } from '../helpers/exchanges.js'
import { addressKey, parseIPv4 } from '../../lib/primitives/address.js'
import { Exchange, type Outgoing, type SendOptions } from '../../lib/rpc/exchange.js'
import { Patience } from '../../lib/rpc/patience.js'
import { createEstimate, DEFAULT_RETRY_BOUNDS, type RoundTripEstimate } from '../../lib/rpc/round-trip.js'
import { holds } from '../helpers/properties.js'

const IP = parseIPv4('20.0.0.1')
const PORT = 10001

/** Bounds of what a lookup waits for, in milliseconds. */
const LEAST = 100
const MOST = 1000

/** An exchange whose latest transmission is the one with this number. */
function exchange(
  transmissions: number,
  message: Partial<Outgoing> = {},
  options: Partial<SendOptions> = {},
): Exchange {
  const one = new Exchange(outgoing(message), sendOptions(options), { onReply() {}, onFailure() {} })
  for (let i = 0; i < transmissions; i++) one.onTransmission(0)
  return one
}

/** The same of a lookup, which sends twice. */
function lookup(transmissions: number, message: Partial<Outgoing> = {}, retries = 1): Exchange {
  return exchange(transmissions, message, { lookup: true, retries })
}

function create(bounds = DEFAULT_RETRY_BOUNDS) {
  const peers = new Map<number, RoundTripEstimate>()
  const patience = new Patience((key) => peers.get(key) ?? null, bounds)
  const know = (srttMs: number, rttvarMs: number): RoundTripEstimate => {
    const estimate = { srttMs, rttvarMs }
    peers.set(addressKey(IP, PORT), estimate)
    return estimate
  }
  return { peers, patience, know }
}

const OTHER = { ip: IP + 1, host: '20.0.0.2' }
const APPLICATION = { internal: false }

/** As many answers of others as are remembered, evenly spread from `minMs` to `maxMs`. */
function teach(patience: Patience, minMs: number, maxMs: number, message: Partial<Outgoing> = OTHER): void {
  for (let i = 0; i < 64; i++) patience.onAnswer(exchange(1, message), minMs + ((maxMs - minMs) * i) / 63)
}

function within(value: number, min: number, max: number): boolean {
  return value >= min && value <= max
}

test('patience: knowing nothing, a second each; a lookup repeats after 400 ms, an application of one after 500', (t) => {
  const { patience } = create()
  for (let n = 1; n <= 4; n++) {
    t.is(patience.timeoutMs(exchange(n)), 1000)
    t.is(patience.timeoutMs(lookup(n)), 400)
    t.is(patience.timeoutMs(lookup(n, APPLICATION)), 500)
  }
})

test('patience: an answer teaches about its peer and about the network', (t) => {
  const { patience, peers } = create()
  const known = createEstimate()
  peers.set(addressKey(IP, PORT), known)
  patience.onAnswer(exchange(1), 80)
  t.alike({ ...known }, { srttMs: 80, rttvarMs: 40 })
  t.alike({ ...patience.networkEstimate }, { srttMs: 80, rttvarMs: 40 })
  patience.onAnswer(exchange(1, OTHER), 160)
  t.is(known.srttMs, 80, 'not of another peer')
  t.is(patience.networkEstimate.srttMs, 90)
})

test('patience: an answer with a chosen delay teaches nothing', (t) => {
  const { patience, know } = create()
  const known = know(50, 5)
  for (let i = 0; i < 64; i++) patience.onAnswer(exchange(1, {}, { timeoutMs: 6000 }), 5040)
  t.alike(known, { srttMs: 50, rttvarMs: 5 })
  t.ok(Number.isNaN(patience.networkEstimate.srttMs))
  t.is(patience.timeoutMs(lookup(1, OTHER)), 400)
})

test('patience: timeouts follow the peer, or the network, and double with each transmission', (t) => {
  const { patience, know } = create()
  patience.onAnswer(exchange(1, OTHER), 200)
  t.is(patience.timeoutMs(exchange(1)), 600, 'the network: 200 + 4 * 100')
  know(100, 60)
  t.alike(
    [1, 2, 3, 4].map((n) => patience.timeoutMs(exchange(n))),
    [340, 680, 1360, 1500],
  )
  know(1, 0)
  t.is(patience.timeoutMs(exchange(1)), 250, 'never less')
})

test('patience: an application is waited for at least 500 ms', (t) => {
  const { patience, know } = create()
  know(1, 0)
  t.alike(
    [1, 2, 3].map((n) => patience.timeoutMs(exchange(n, APPLICATION))),
    [500, 1000, 1500],
  )
  const low = create({ initialMs: 50, minMs: 10, maxMs: 60 })
  low.know(1, 0)
  t.is(low.patience.timeoutMs(exchange(3, APPLICATION)), 500, 'also where all bounds are lower')
  t.is(low.patience.timeoutMs(exchange(3)), 40)
})

test('patience: a chosen timeout is kept, whatever is known', (t) => {
  const { patience, know } = create()
  know(10, 1)
  for (let n = 1; n <= 3; n++) {
    t.is(patience.timeoutMs(exchange(n, {}, { timeoutMs: 7000 })), 7000)
    t.is(patience.timeoutMs(exchange(n, {}, { timeoutMs: 7000, lookup: true })), 7000)
  }
})

test('patience: a lookup asks a stranger again when nearly all others would have answered', (t) => {
  const { patience } = create()
  teach(patience, 200, 830)
  const first = patience.timeoutMs(lookup(1))
  t.ok(within(first, 0.9 * 830, 1.1 * 830), `${first} ms: nine in ten, and a little more`)
  const later = patience.timeoutMs(lookup(2))
  t.ok(within(later, 0.85 * 830, first), `${later} ms: not longer the second time`)
  t.is(patience.timeoutMs(lookup(3)), later)
})

test('patience: a few that are late on purpose do not make a lookup wait for the second one as long as they take', (t) => {
  const { patience } = create()
  for (let i = 0; i < 64; i++) patience.onAnswer(exchange(1, OTHER), i % 5 === 0 ? 900 : 120)
  t.ok(within(patience.timeoutMs(lookup(1)), 900, 1000))
  t.ok(within(patience.timeoutMs(lookup(2)), 240, 400))
})

test('patience: a single answer among many changes nothing, six are enough to know a network', (t) => {
  const { patience } = create()
  for (let i = 0; i < 5; i++) patience.onAnswer(exchange(1, OTHER), 150)
  t.is(patience.timeoutMs(lookup(1)), 400)
  patience.onAnswer(exchange(1, OTHER), 150)
  const wait = patience.timeoutMs(lookup(1))
  t.ok(within(wait, 150, 180), `${wait} ms`)
  teach(patience, 150, 150)
  patience.onAnswer(exchange(1, OTHER), 60_000)
  for (let i = 0; i < 16; i++) patience.onAnswer(exchange(1, OTHER), 150)
  t.is(patience.timeoutMs(lookup(1)), wait)
})

test('patience: what applications take is not what nodes take', (t) => {
  const { patience } = create()
  teach(patience, 900, 900, { ...OTHER, ...APPLICATION })
  t.is(patience.timeoutMs(lookup(1)), 400, 'still unknown')
  t.ok(within(patience.timeoutMs(lookup(1, APPLICATION)), 900, 1000))
  teach(patience, 120, 120)
  t.ok(within(patience.timeoutMs(lookup(1)), 120, 150))
  t.ok(within(patience.timeoutMs(lookup(1, APPLICATION)), 900, 1000))
})

test('patience: a quick application is asked again soon, but nobody is given up within 500 ms', (t) => {
  const { patience } = create()
  teach(patience, 120, 120, { ...OTHER, ...APPLICATION })
  t.ok(within(patience.timeoutMs(lookup(1, APPLICATION)), 120, 150), 'a repetition is cheap')
  t.is(patience.timeoutMs(lookup(2, APPLICATION)), 500)
  t.is(patience.timeoutMs(lookup(2, APPLICATION, 5)), 500, 'two silences are what a lookup waits for')
  t.is(patience.timeoutMs(lookup(1, APPLICATION, 0)), 500, 'also where there is none')
})

test('patience: a lookup waits for a contact as long as it usually takes', (t) => {
  const { patience, know } = create()
  for (const [srtt, rttvar, wait] of [
    [100, 10, 140],
    [150, 0, 150],
    [1, 0, LEAST],
    [2000, 10, MOST],
  ] as const) {
    know(srtt, rttvar)
    t.is(patience.timeoutMs(lookup(1)), wait, `${srtt} ± ${rttvar}`)
    t.is(patience.timeoutMs(lookup(2)), wait, 'the same the second time')
  }
  know(100, 200)
  t.is(patience.timeoutMs(lookup(1)), 400, 'not beyond what others take')
  know(500, 200)
  t.is(patience.timeoutMs(lookup(1)), 750, 'but half as much again as it usually does')
  t.is(patience.timeoutMs(lookup(1, OTHER)), 400, 'another one is a stranger')
})

test('patience: a lookup waits 100 to 1000 ms, however quick or slow the network is', (t) => {
  for (const message of [{}, APPLICATION]) {
    const quick = create()
    teach(quick.patience, 0, 1, { ...OTHER, ...message })
    t.is(quick.patience.timeoutMs(lookup(1, message)), LEAST)
    const slow = create()
    teach(slow.patience, 3000, 4000, { ...OTHER, ...message })
    for (let n = 1; n <= 2; n++) t.is(slow.patience.timeoutMs(lookup(n, message)), MOST)
  }
})

test('patience: whatever has been learnt, also from spoilt records, a lookup waits 100 to 1000 ms', (t) => {
  const time = fc.oneof(fc.double({ min: 0, max: 5000, noNaN: true }), fc.constantFrom(NaN, Infinity, -1, 0))
  const answer = fc.tuple(time, fc.boolean())
  const property = fc.property(fc.array(answer, { maxLength: 100 }), time, time, (answers, srttMs, rttvarMs) => {
    const { patience, know } = create()
    for (const [rttMs, internal] of answers) patience.onAnswer(exchange(1, { ...OTHER, internal }), rttMs)
    know(srttMs, rttvarMs)
    for (const message of [{}, APPLICATION, OTHER]) {
      for (let n = 1; n <= 3; n++) {
        const wait = patience.timeoutMs(lookup(n, message))
        if (!within(wait, LEAST, MOST)) throw new Error(`${wait} ms`)
      }
    }
  })
  holds(t, property, { numRuns: 500 })
})
