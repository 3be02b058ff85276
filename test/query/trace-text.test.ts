/** The text of a small lookup whose every answer is written down here, and what the text makes of parts of traces. */
import test from 'brittle'
import { DHTError, formatTrace, type LookupEvent } from '../../index.js'
import { formatIPv4, parseIPv4 } from '../../lib/primitives/address.js'
import { VirtualClock } from '../../lib/primitives/virtual-clock.js'
import type { Candidate } from '../../lib/query/candidate.js'
import { ClosestReplies } from '../../lib/query/closest-replies.js'
import { type Ask, type AskHandler, type AskSide, Lookup } from '../../lib/query/lookup.js'
import { Tracer } from '../../lib/query/tracer.js'
import { Traversal } from '../../lib/query/traversal.js'
import type { Reply } from '../../lib/rpc/reply.js'
import { errorOf } from '../helpers/errors.js'
import { CloserNodeList } from './closer-node-list.js'
import { checkStory } from './trace-story.js'

const TARGET = new Uint8Array(32).fill(0xb7)
const FIRST_IP = parseIPv4('20.0.0.0')
const PORT = 1000

/** What becomes of a question to a node, in milliseconds after it. */
interface Script {
  answer?: number
  retry?: number
  giveUp?: number
  fail?: number
  /** Nodes it names. */
  closer?: number[]
  error?: number
}

const place = (serial: number) => ({ ip: FIRST_IP + serial, port: PORT })

/** A lookup among scripted nodes, from nodes 1 and 2. */
class ScriptedLookup {
  readonly clock = new VirtualClock({ startMs: 5000 })
  readonly trace: LookupEvent[] = []
  readonly tracer: Tracer
  readonly lookup: Lookup
  readonly traversal: Traversal
  readonly closest = new ClosestReplies<Reply>(TARGET, 20)
  readonly #scripts: Record<number, Script>

  /** @param onEnd what the end of the walk is to the lookup; by default its own end */
  constructor(scripts: Record<number, Script>, onEnd = (tracer: Tracer, error: Error | null) => tracer.end(error)) {
    this.#scripts = scripts
    const { clock, trace, closest } = this
    this.tracer = new Tracer({
      lookup: 1,
      kind: 'find-node',
      command: 2,
      target: TARGET,
      now: () => clock.now(),
      emit: (event) => void trace.push(event),
    })
    const { tracer } = this
    this.traversal = new Traversal({ target: TARGET, trace: (event) => tracer.onStep(event) })
    const ask: Ask = (candidate, handler) => this.#ask(candidate, handler)
    const askSide: AskSide = ({ candidate }, handler) => this.#ask(candidate, handler)
    this.lookup = new Lookup({
      traversal: this.traversal,
      closest,
      ask: tracer.wrap(ask),
      askSide: tracer.wrapSide(askSide),
      onEnd: (error) => onEnd(tracer, error),
    })
    tracer.start(closest, 'table')
    this.traversal.addSeed(formatIPv4(FIRST_IP + 1), PORT)
    this.traversal.addSeed(formatIPv4(FIRST_IP + 2), PORT)
  }

  async run(ms = 10_000): Promise<string> {
    this.lookup.pump()
    await this.clock.advance(ms)
    return formatTrace(this.trace)
  }

  /** Asks a node beside the walk. */
  askBeside(serial: number): void {
    const candidate = this.traversal.candidates.find(({ ip }) => ip === FIRST_IP + serial)!
    const question = { candidate, target: TARGET }
    const ask = this.tracer.wrapSide((_, listener) => this.#ask(candidate, listener))
    const handler: AskHandler = {
      onReply: (reply) => this.traversal.onSide(question, reply.closer),
      onFailure: () => this.traversal.onSide(question, null),
      onOverdue: () => {},
    }
    ask(question, handler)
  }

  #ask(candidate: Candidate, handler: AskHandler): () => void {
    const { answer, retry, giveUp, fail, closer = [], error = 0 } = this.#scripts[candidate.ip - FIRST_IP]!
    const after = (ms: number | undefined, fn: () => void) => ms !== undefined && void this.clock.after(ms, fn)
    after(retry, () => handler.onOverdue(1, false))
    after(giveUp, () => handler.onOverdue(2, true))
    after(fail, () => handler.onFailure(new DHTError('REQUEST_TIMEOUT')))
    after(answer, () => {
      const { id, host, port } = candidate
      const rtt = answer! - (retry !== undefined && retry < answer! ? retry : 0)
      const names = new CloserNodeList(closer.map(place))
      handler.onReply({ rtt, error, from: { id, host, port }, closer: names } as unknown as Reply)
    })
    return () => {}
  }
}

/** Node 3 is slow, node 4 is dead, node 5 answers with an error. */
const SCRIPTS: Record<number, Script> = {
  1: { answer: 40, closer: [3, 4] },
  2: { answer: 84.4, closer: [1, 4, 5, 3] },
  3: { retry: 200, answer: 260, closer: [1] },
  4: { retry: 200, giveUp: 400 },
  5: { answer: 40, error: 16 },
}

test('trace text: a line for each event', async (t) => {
  const lookup = new ScriptedLookup(SCRIPTS)
  t.is(
    await lookup.run(),
    `
lookup 1: find-node b7b7b7b7b7b7b7b7…
     0 ms  learn     2 from the table
     0 ms  ask       20.0.0.1:1000    0 bits  1 on the way
     0 ms  ask       20.0.0.2:1000    0 bits  2 on the way
    40 ms  answer    20.0.0.1:1000    0 bits  in 40 ms, named 2, 2 new, rank 1
    40 ms  ask       20.0.0.4:1000    1 bit   2 on the way
    40 ms  ask       20.0.0.3:1000    0 bits  3 on the way
    84 ms  answer    20.0.0.2:1000    0 bits  in 84 ms, named 4, 1 new, rank 2
    84 ms  ask       20.0.0.5:1000    5 bits  3 on the way
   124 ms  answer    20.0.0.5:1000    5 bits  in 40 ms, error 16, named nobody
   240 ms  retry     20.0.0.4:1000    1 bit   after 200 ms, transmission 2
   240 ms  slow      20.0.0.4:1000    1 bit   after 200 ms
   240 ms  retry     20.0.0.3:1000    0 bits  after 200 ms, transmission 2
   240 ms  slow      20.0.0.3:1000    0 bits  after 200 ms
   300 ms  answer    20.0.0.3:1000    0 bits  in 60 ms, 260 ms after the first, named 1, 0 new, rank 3
   440 ms  give up   20.0.0.4:1000    1 bit   after 400 ms
   440 ms  done      3 found; 5 asked, 4 answered, 0 failed, 1 open; 7 transmissions
`.trim(),
  )
  checkStory(t, lookup.trace)
})

test('trace text: a line for each node, nearest first', async (t) => {
  const lookup = new ScriptedLookup(SCRIPTS)
  await lookup.run()
  t.is(
    formatTrace(lookup.trace, { layout: 'nodes' }),
    `
lookup 1: find-node b7b7b7b7b7b7b7b7…
  rank  bits  hop  node           asked  outcome                learnt from
     -     5    1  20.0.0.5:1000  84 ms  error 16 in 40 ms      20.0.0.2:1000
     -     1    1  20.0.0.4:1000  40 ms  given up after 400 ms  20.0.0.1:1000
     1     0    0  20.0.0.1:1000   0 ms  answered in 40 ms      the table
     2     0    0  20.0.0.2:1000   0 ms  answered in 84 ms      the table
     3     0    1  20.0.0.3:1000  40 ms  answered in 260 ms     20.0.0.1:1000
`.trim(),
  )
})

test('trace text: with those who are learnt, and what ends badly', async (t) => {
  const lookup = new ScriptedLookup({ 1: { answer: 40, closer: [3] }, 2: { fail: 70 }, 3: {} })
  lookup.lookup.pump()
  await lookup.clock.advance(100)
  lookup.tracer.end(new DHTError('DEADLINE_EXCEEDED'))
  t.is(
    formatTrace(lookup.trace, { learnt: true }),
    `
lookup 1: find-node b7b7b7b7b7b7b7b7…
     0 ms  learn     20.0.0.1:1000    0 bits  from the table
     0 ms  learn     20.0.0.2:1000    0 bits  from the table
     0 ms  ask       20.0.0.1:1000    0 bits  1 on the way
     0 ms  ask       20.0.0.2:1000    0 bits  2 on the way
    40 ms  answer    20.0.0.1:1000    0 bits  in 40 ms, named 1, 1 new, rank 1
    40 ms  learn     20.0.0.3:1000    0 bits  from 20.0.0.1:1000
    40 ms  ask       20.0.0.3:1000    0 bits  2 on the way
    70 ms  fail      20.0.0.2:1000    0 bits  REQUEST_TIMEOUT after 70 ms
   100 ms  done      DEADLINE_EXCEEDED, 1 found; 3 asked, 1 answered, 1 failed, 1 open; 3 transmissions
`.trim(),
  )
  checkStory(t, lookup.trace)
  t.ok(formatTrace(lookup.trace, { layout: 'nodes' }).includes('20.0.0.2:1000   0 ms  failed after 70 ms  the table'))
  t.ok(formatTrace(lookup.trace, { layout: 'nodes' }).includes('20.0.0.3:1000  40 ms  no answer yet'))
})

test('trace text: commits, and an answer that comes after the walk', async (t) => {
  const scripts = { 1: { answer: 40, closer: [3] }, 2: { retry: 100, giveUp: 200, answer: 230 }, 3: { answer: 30 } }
  const lookup = new ScriptedLookup(scripts, (tracer) => tracer.endWalk())
  const { tracer, closest, clock } = lookup
  lookup.lookup.pump()
  await clock.advance(200)
  const [first, second] = closest.list().map(({ from }) => from)
  const accept = tracer.commit(first!)
  const refuse = tracer.commit(second!)
  await clock.advance(60)
  accept({ node: first!, ok: true, result: null, error: null })
  refuse({ node: second!, ok: false, result: null, error: new DHTError('COMMIT_FAILED', 'Refused with error 17') })
  tracer.end(null)
  t.is(
    formatTrace(lookup.trace).split('\n').slice(-7).join('\n'),
    `
   200 ms  give up   20.0.0.2:1000    0 bits  after 200 ms
   200 ms  commit    20.0.0.1:1000    0 bits
   200 ms  commit    20.0.0.3:1000    0 bits
   230 ms  answer    20.0.0.2:1000    0 bits  in 130 ms, 230 ms after the first, named nobody, too late
   260 ms  accepted  20.0.0.1:1000    0 bits  after 60 ms
   260 ms  refused   20.0.0.3:1000    0 bits  COMMIT_FAILED: Refused with error 17 after 60 ms
   260 ms  done      2 found; 3 asked, 3 answered, 0 failed, 0 open; 4 transmissions
`.slice(1, -1),
  )
  checkStory(t, lookup.trace)
})

test('trace text: a question beside the walk', async (t) => {
  const lookup = new ScriptedLookup({ 1: { answer: 40, closer: [3] }, 2: { answer: 150 }, 3: {} })
  lookup.lookup.pump()
  await lookup.clock.advance(50)
  lookup.askBeside(1)
  await lookup.clock.advance(50)
  lookup.tracer.end(null)
  t.is(
    formatTrace(lookup.trace, { learnt: true }).split('\n').slice(5).join('\n'),
    `
    40 ms  answer    20.0.0.1:1000    0 bits  in 40 ms, named 1, 1 new, rank 1
    40 ms  learn     20.0.0.3:1000    0 bits  from 20.0.0.1:1000
    40 ms  ask       20.0.0.3:1000    0 bits  2 on the way
    50 ms  ask       20.0.0.1:1000    0 bits  beside the walk, 3 on the way
    90 ms  answer    20.0.0.1:1000    0 bits  in 40 ms, named 1, 0 new, rank 1
   100 ms  done      1 found; 4 asked, 2 answered, 0 failed, 2 open; 4 transmissions
`.slice(1, -1),
  )
  checkStory(t, lookup.trace)
  const rows = formatTrace(lookup.trace, { layout: 'nodes' }).split('\n').slice(2)
  t.is(rows.filter((row) => row.includes('20.0.0.1:')).length, 2, 'as a node, and as whom node 3 is known from')
  t.ok(rows.some((row) => /0 ms {2}answered in 40 ms +the table$/.test(row)))
})

test('trace text: several lookups that overlap, and parts of traces', async (t) => {
  const one = new ScriptedLookup({ 1: { answer: 40 }, 2: { answer: 50 } })
  await one.run()
  const [started, ...rest] = one.trace
  const two = rest.map((event) => ({ ...event, lookup: 2 }))
  const text = formatTrace([started!, ...two, ...rest])
  t.is(text.split('\n\n').length, 2)
  t.is(text.split('\n\n')[0], formatTrace(one.trace))
  t.is(text.split('\n\n')[1], formatTrace(one.trace).replace(/^.*/, 'lookup 2'))
  t.is(formatTrace(two, { layout: 'nodes' }).split('\n').length, 4)
  t.is(formatTrace([]), '')
  t.is(formatTrace([], { layout: 'nodes' }), '')
})

test('trace text: there are two layouts', (t) => {
  t.ok(errorOf(() => formatTrace([], { layout: 'tree' as 'nodes' })) instanceof TypeError)
})
