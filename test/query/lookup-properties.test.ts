/** What holds for every lookup, in whatever order and however its requests end. */
import test from 'brittle'
import fc from 'fast-check'
import type { LookupEvent } from '../../index.js'
import { formatTrace } from '../../lib/query/trace-text.js'
import { Tracer } from '../../lib/query/tracer.js'
import { answer, type Asked, Harness, nearestFirst, TARGET, timeOut } from './lookup-harness.js'
import { doneOf, faultsOf } from './trace-story.js'
import { holds } from '../helpers/properties.js'

const NODES = 40

interface Step {
  /** Which of the open requests. */
  which: number
  how: 'answers' | 'refuses' | 'is anonymous' | 'times out' | 'is slow'
  closer: number[]
}

const step = fc.record<Step>({
  which: fc.nat(1000),
  how: fc.constantFrom('answers', 'answers', 'answers', 'refuses', 'is anonymous', 'times out', 'is slow'),
  closer: fc.array(fc.integer({ min: 1, max: NODES }), { maxLength: 8 }),
})

/** Ends requests as the steps say, and all that are left by an answer that names nobody. */
function play(harness: Harness, steps: readonly Step[]): void {
  const settled = new Set<Asked>()
  const open = (): Asked[] => [...harness.asked, ...harness.side].filter((asked) => !settled.has(asked))
  for (const { which, how, closer } of steps) {
    const all = open()
    if (all.length === 0) break
    const asked = all[which % all.length]!
    if (how === 'is slow') asked.handler.onOverdue(1, false)
    else {
      settled.add(asked)
      if (how === 'times out') timeOut(asked)
      else answer(asked, { closer, error: how === 'refuses' ? 1 : 0, identified: how !== 'is anonymous' })
    }
  }
  for (let all = open(); all.length > 0; all = open()) {
    for (const asked of all) {
      settled.add(asked)
      answer(asked)
    }
  }
}

test('lookup: it ends once, asks nobody twice, and has the nearest of those that answered before', (t) => {
  holds(
    t,
    fc.property(fc.array(step, { maxLength: 80 }), fc.integer({ min: 1, max: 12 }), (steps, seeds) => {
      const answered: number[] = []
      const harness = new Harness(seeds, { onReply: () => {} })
      harness.onAsk = (asked) => {
        const { onReply } = asked.handler
        asked.handler.onReply = (reply) => {
          if (harness.ends.length === 0 && reply.error === 0 && reply.from.id !== null) {
            if (!harness.side.includes(asked)) answered.push(harness.serials[harness.asked.indexOf(asked)]!)
          }
          onReply(reply)
        }
      }
      harness.lookup.pump()
      play(harness, steps)
      const { serials } = harness
      if (harness.ends.length !== 1 || harness.ends[0] !== null) return false
      if (new Set(serials).size !== serials.length) return false
      const nearest = nearestFirst(NODES).filter((serial) => answered.includes(serial))
      return harness.found.join() === nearest.slice(0, 4).join()
    }),
    { numRuns: 300 },
  )
})

test('lookup: its trace tells each step once, and is a text of as many lines', (t) => {
  holds(
    t,
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 12 }), (steps, seeds) => {
      const events: LookupEvent[] = []
      let now = 0
      const tracer = new Tracer({
        lookup: 7,
        kind: 'find-node',
        command: 2,
        target: TARGET,
        now: () => now++,
        emit: (event) => void events.push(event),
      })
      const harness: Harness = new Harness(0, {
        walk: { trace: (event) => tracer.onStep(event) },
        wrap: { ask: (ask) => tracer.wrap(ask), askSide: (ask) => tracer.wrapSide(ask) },
        onEnd: (error) => {
          harness.ends.push(error)
          tracer.end(error)
        },
      })
      tracer.start(harness.closest, 'options')
      for (let i = 1; i <= seeds; i++) harness.seed(i)
      harness.lookup.pump()
      play(harness, steps)
      const { asked } = doneOf(events)
      if (faultsOf(events).length > 0 || asked !== harness.asked.length + harness.side.length) return false
      const lines = formatTrace(events, { learnt: true }).split('\n')
      // All but the first, which is the heading, are an event each.
      return lines.length === events.length && formatTrace(events, { layout: 'nodes' }).length > 0
    }),
    { numRuns: 100 },
  )
})
