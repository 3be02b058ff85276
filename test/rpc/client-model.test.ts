/** Random histories of a client: whatever happens, in whatever order, its books are right after every step. */
import test from 'brittle'
import * as fc from 'fast-check'
import { DHTError } from '../../lib/primitives/errors.js'
import type { Exchange, SendOptions } from '../../lib/rpc/exchange.js'
import { seededRandom } from '../helpers/contacts.js'
import { Harness, Outcome } from './client-harness.js'
import { holdsAsync } from '../helpers/properties.js'

const WINDOW = 3

type Step =
  | { type: 'send'; forced: boolean; lookup: boolean; retries: number; respond: boolean }
  | { type: 'answer'; which: number; wrongSource: boolean }
  | { type: 'cancel'; which: number }
  | { type: 'advance'; ms: number }
  | { type: 'break' | 'repair' | 'bind' | 'unbind' | 'cancelAll' }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant('send' as const),
      forced: fc.boolean(),
      lookup: fc.boolean(),
      retries: fc.integer({ min: 0, max: 3 }),
      respond: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant('answer' as const), which: fc.nat(), wrongSource: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('cancel' as const), which: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('advance' as const), ms: fc.integer({ min: 0, max: 3000 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constantFrom('break', 'repair', 'bind', 'unbind', 'cancelAll') }),
  },
)

interface Run {
  h: Harness
  all: { outcome: Outcome; exchange: Exchange }[]
}

function send(run: Run, options: Partial<SendOptions>, respond: boolean): void {
  const outcome = new Outcome()
  // Some handlers start another exchange from within, as lookups do.
  if (respond) outcome.afterwards = () => send(run, { retries: 0 }, false)
  const { exchange } = run.h.send({ host: `20.0.0.${run.all.length & 255}` }, options, outcome)
  run.all.push({ outcome, exchange })
}

async function play(run: Run, move: Step): Promise<void> {
  const { h, all } = run
  switch (move.type) {
    case 'send':
      return send(run, { forced: move.forced, lookup: move.lookup, retries: move.retries }, move.respond)
    case 'answer': {
      const sent = h.sent[move.which % Math.max(1, h.sent.length)]
      if (sent !== undefined) h.answer(sent, {}, move.wrongSource ? { port: 1 } : {})
      return
    }
    case 'cancel': {
      const chosen = all[move.which % Math.max(1, all.length)]
      if (chosen !== undefined) h.client.cancel(chosen.exchange, new DHTError('REQUEST_DESTROYED'))
      return
    }
    case 'advance':
      return h.virtual.advance(move.ms)
    case 'break':
      h.sendError = new Error('broken')
      return
    case 'repair':
      h.sendError = null
      return
    case 'bind':
      h.outgoing = h.socket
      return h.client.start()
    case 'unbind':
      h.outgoing = null
      return
    case 'cancelAll':
      return h.client.cancelAll(new DHTError('IO_SUSPENDED'))
  }
}

function checkLate({ late }: Outcome, { late: isLate, options, state, transmissions }: Exchange): void {
  if (isLate !== late > 0 || late > 1) throw new Error(`told ${late} times that it is late`)
  if (!isLate) return
  if (!options.lookup) throw new Error('late, but not of a lookup')
  if (transmissions !== options.retries + 1) throw new Error('late before its last transmission')
  if (state !== 'sent' && state !== 'settled') throw new Error(`late and ${state}`)
}

function check({ h, all }: Run): void {
  const states = { waiting: 0, queued: 0, sent: 0, settled: 0 }
  let counted = 0
  for (const { outcome, exchange } of all) {
    states[exchange.state]++
    if (exchange.state === 'sent' && !exchange.options.forced && !exchange.late) counted++
    const expected = exchange.state === 'settled' ? 1 : 0
    if (outcome.settled !== expected) throw new Error(`settled ${outcome.settled} times in state ${exchange.state}`)
    if (exchange.transmissions > exchange.options.retries + 1) throw new Error('sent too often')
    checkLate(outcome, exchange)
  }
  const open = states.waiting + states.queued + states.sent
  const { stats, client } = h
  if (client.inFlight !== counted) throw new Error(`window says ${client.inFlight}, in flight are ${counted}`)
  if (counted > WINDOW) throw new Error(`${counted} in flight`)
  if (client.pending !== open) throw new Error(`pending says ${client.pending}, open are ${open}`)
  if (stats.requests.active !== open) throw new Error(`active says ${stats.requests.active}, open are ${open}`)
  if (stats.requests.total !== all.length) throw new Error('total is wrong')
  const { retries, responses } = stats.requests
  if (responses !== all.filter(({ outcome }) => outcome.replies.length > 0).length) throw new Error('responses')
  if (retries > h.stats.datagrams.sent + all.length) throw new Error('retries')
  const places = all.filter(({ exchange }) => exchange.state === 'queued').length > 0 ? WINDOW : counted
  if (h.outgoing !== null && counted < places) {
    throw new Error(`${states.queued} wait, though only ${counted} are in flight`)
  }
  if (states.sent > 0 && h.virtual.pending === 0) throw new Error('no timer is running')
  if (h.virtual.pending > 1) throw new Error('more than one timer')
}

test('client: every exchange is settled exactly once, and the window equals what is in flight, in any history', async (t) => {
  await holdsAsync(
    t,
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.nat(), async (steps, seed) => {
      const h = new Harness({ maxWindow: WINDOW, random: seededRandom(seed) })
      const run: Run = { h, all: [] }
      for (const move of steps) {
        await play(run, move)
        check(run)
      }
      h.sendError = null
      h.outgoing = h.socket
      h.client.start()
      await h.virtual.advance(600_000)
      check(run)
      if (h.client.pending !== 0) throw new Error('something waits for ever')
      if (h.virtual.pending !== 0) throw new Error('a timer is left')
    }),
    { numRuns: 300 },
  )
})
