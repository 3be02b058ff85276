/** When a gateway waits for more answers before it passes on what it has. */
import test from 'brittle'
import fc from 'fast-check'
import { ExpectedAnswers, MAX_PASSES, MAX_TURNS, MAX_WAIT_MS } from '../../lib/gateway/expected-answers.js'
import { holds } from '../helpers/properties.js'

const TURN_MS = 0.01

/** Turns that what has come at `now` waits, while nothing more comes. */
function waitInVain(answers: ExpectedAnswers, now: number, turnMs = TURN_MS): number {
  let turns = 0
  while (answers.waits(now + turns * turnMs)) turns++
  answers.onPassed()
  return turns
}

test('expected answers: the first of several waits for the last, an only one for nothing', (t) => {
  const answers = new ExpectedAnswers()
  t.absent(answers.waits(0), 'nothing was asked')
  for (let i = 0; i < 3; i++) answers.onRequest(0)
  answers.onAnswer()
  t.ok(answers.waits(0.1))
  answers.onAnswer()
  t.ok(answers.waits(0.15))
  answers.onAnswer()
  t.absent(answers.waits(0.2), 'all are there')
  answers.onPassed()
  answers.onRequest(5)
  answers.onAnswer()
  t.absent(answers.waits(5.1))
})

test('expected answers: nothing waits for nodes farther away than a millisecond', (t) => {
  const answers = new ExpectedAnswers()
  for (let i = 0; i < 6; i++) answers.onRequest(0)
  answers.onAnswer()
  t.absent(answers.waits(1.01))
  answers.onRequest(2)
  answers.onAnswer()
  t.absent(answers.waits(2.1), 'nor for those that were asked long ago')
  answers.onRequest(3)
  t.absent(answers.waits(-1e9 + NaN), 'a time that is none waits for nothing')
})

test('expected answers: a wait ends, also by a clock that stands still', (t) => {
  const answers = new ExpectedAnswers()
  answers.onRequest(0)
  t.is(waitInVain(answers, 0.5), Math.round(MAX_WAIT_MS / TURN_MS))
  t.is(waitInVain(answers, 0.5, 0), MAX_TURNS)
})

test('expected answers: where waiting brings nothing it becomes rare, and where it does again it is usual', (t) => {
  const answers = new ExpectedAnswers()
  answers.onRequest(0)
  let waits = 0
  for (let i = 0; i < 1000; i++) if (waitInVain(answers, 0, TURN_MS) > 0) waits++
  t.ok(waits > 3 && waits < 10 + 1000 / MAX_PASSES, `${waits} of 1000`)
  answers.onRequest(0)
  answers.onRequest(0)
  for (let i = 0; i <= MAX_PASSES && !answers.waits(0); i++);
  answers.onAnswer()
  answers.onPassed()
  t.ok(answers.waits(0), 'one has come')
})

test('expected answers: no wait is longer than it may be, whatever happens', (t) => {
  const step = fc.tuple(fc.constantFrom('ask', 'answer', 'turn', 'pass'), fc.double({ min: 0, max: 0.3, noNaN: true }))
  holds(
    t,
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const answers = new ExpectedAnswers()
      let [now, asked, since, turns] = [0, 0, -1, 0]
      for (const [what, pauseMs] of steps) {
        now += pauseMs
        if (what === 'ask') {
          answers.onRequest(now)
          asked++
        } else if (what === 'answer') answers.onAnswer()
        else if (what === 'turn' && answers.waits(now)) {
          if (asked === 0) return false
          if (since === -1) [since, turns] = [now, 0]
          turns++
          if (now - since >= MAX_WAIT_MS || turns > MAX_TURNS) return false
        } else {
          answers.onPassed()
          since = -1
        }
      }
      return true
    }),
    { numRuns: 500 },
  )
})
