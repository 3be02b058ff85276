/** How many requests may be on the way to one peer. */
import test from 'brittle'
import fc from 'fast-check'
import { PeerWindow } from '../../../lib/records/rules/peer-window.js'
import { holds } from '../../helpers/properties.js'

test('peer window: grows by what is answered, halves once for what is lost together', (t) => {
  const window = new PeerWindow()
  t.is(window.room, 8)
  for (let i = 0; i < 8; i++) window.onSent()
  t.alike([window.room, window.inFlight], [0, 8])
  for (let i = 0; i < 8; i++) window.onAnswered()
  t.is(window.room, 16, 'twice as many each round trip')
  for (let i = 0; i < 16; i++) window.onSent()
  for (let i = 0; i < 16; i++) window.onLost(0, 500)
  t.is(window.room, 8)
  for (let i = 0; i < 8; i++) window.onSent()
  for (let i = 0; i < 8; i++) window.onAnswered()
  t.is(window.room, 8, 'and slowly after the first loss')
})

test('peer window: a peer is gone when nothing came back four times in a row', (t) => {
  const window = new PeerWindow()
  for (let round = 1; round <= 4; round++) {
    t.absent(window.isGone)
    window.onSent()
    window.onLost(1000 * round, 1000 * round + 500)
  }
  t.ok(window.isGone)
  window.revive()
  t.absent(window.isGone)
  t.is(window.room, 1)
})

test('peer window: there is always room for one, never for more than 64, and the books are right', (t) => {
  holds(
    t,
    fc.property(fc.array(fc.constantFrom('sent', 'answered', 'lost', 'unused'), { maxLength: 400 }), (events) => {
      const window = new PeerWindow()
      let inFlight = 0
      for (const [now, event] of events.entries()) {
        if (event === 'sent') {
          if (window.room <= 0) continue
          window.onSent()
          inFlight++
          continue
        }
        if (inFlight === 0) continue
        inFlight--
        if (event === 'answered') window.onAnswered()
        else if (event === 'lost') window.onLost(now - 1, now)
        else window.onUnused()
        const size = window.room + window.inFlight
        if (size < 1 || size > 64 || window.inFlight !== inFlight) throw new Error(`${size}, ${window.inFlight}`)
      }
    }),
  )
})
