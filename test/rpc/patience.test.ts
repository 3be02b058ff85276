import test from 'brittle'
import { outgoing, sendOptions } from '../helpers/exchanges.js'
import { addressKey, parseIPv4 } from '../../lib/primitives/address.js'
import { Exchange, type Outgoing, type SendOptions } from '../../lib/rpc/exchange.js'
import { Patience } from '../../lib/rpc/patience.js'
import { createEstimate, DEFAULT_RETRY_BOUNDS, type RoundTripEstimate } from '../../lib/rpc/round-trip.js'

const IP = parseIPv4('20.0.0.1')
const PORT = 10001

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

test('patience: knowing nothing, a second each, slow after 400 ms', (t) => {
  const { patience } = create()
  for (let n = 1; n <= 4; n++) t.is(patience.timeoutMs(exchange(n)), 1000)
  t.is(patience.slowMs(exchange(1)), 400)
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
  patience.onAnswer(exchange(1, {}, { timeoutMs: 6000 }), 5040)
  t.alike(known, { srttMs: 50, rttvarMs: 5 })
  t.ok(Number.isNaN(patience.networkEstimate.srttMs))
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
    [1, 2, 3].map((n) => patience.timeoutMs(exchange(n, { internal: false }))),
    [500, 1000, 1500],
  )
  const low = create({ initialMs: 50, minMs: 10, maxMs: 60 })
  low.know(1, 0)
  t.is(low.patience.timeoutMs(exchange(3, { internal: false })), 500, 'also where all bounds are lower')
  t.is(low.patience.timeoutMs(exchange(3)), 40)
})

test('patience: a chosen timeout is kept, whatever is known', (t) => {
  const { patience, know } = create()
  know(10, 1)
  for (let n = 1; n <= 3; n++) t.is(patience.timeoutMs(exchange(n, {}, { timeoutMs: 7000 })), 7000)
})

test('patience: slow is what takes longer than nearly all answers do, from 40 to 1000 ms', (t) => {
  const { patience, know } = create()
  for (const [srtt, rttvar, slow] of [
    [1, 0, 40],
    [100, 10, 140],
    [200, 50, 400],
    [900, 400, 1000],
  ] as const) {
    know(srtt, rttvar)
    t.is(patience.slowMs(exchange(1)), slow, `${srtt} ± ${rttvar}`)
    t.is(patience.slowMs(exchange(1, { internal: false })), slow, 'the same for applications')
  }
})

test('patience: with the default bounds nobody times out before he is slow', (t) => {
  const { patience, know } = create()
  for (let srtt = 0; srtt <= 2000; srtt += 50) {
    for (let rttvar = 0; rttvar <= 500; rttvar += 50) {
      know(srtt, rttvar)
      if (patience.slowMs(exchange(1)) > patience.timeoutMs(exchange(1))) t.fail(`${srtt} ± ${rttvar}`)
    }
  }
  t.pass()
})
