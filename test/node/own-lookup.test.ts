import test from 'brittle'
import type { Core } from '../../lib/node/core.js'
import type { LookupResult } from '../../lib/node/network-watch.js'
import { ownLookup } from '../../lib/node/own-lookup.js'
import { formatIPv4, parseIPv4 } from '../../lib/primitives/address.js'
import { DHTError } from '../../lib/primitives/errors.js'
import { compareDistance, idFromIp } from '../../lib/primitives/id.js'
import type { Candidate } from '../../lib/query/candidate.js'
import { CloserNodeList } from '../query/closer-node-list.js'
import type { AskHandler } from '../../lib/query/lookup.js'
import { Traversal } from '../../lib/query/traversal.js'
import { INITIAL_CONCURRENCY } from '../../lib/query/traversal-options.js'
import type { SendOptions } from '../../lib/rpc/exchange.js'
import type { Peer, Reply } from '../../lib/rpc/reply.js'

const TARGET = new Uint8Array(32).fill(7)
const FIRST_IP = parseIPv4('20.1.0.0')
const PORT = 1000

const place = (serial: number) => ({ host: formatIPv4(FIRST_IP + serial), port: PORT })

interface Asked {
  message: { command: number; internal: boolean; target: Uint8Array; value: Uint8Array | null }
  candidate: Candidate
  handler: AskHandler
  options?: SendOptions
}

/** The first so many, nearest to the target first. */
function nearestSerials(count: number): number[] {
  const id = (serial: number): Uint8Array => idFromIp(FIRST_IP + serial, PORT)
  return Array.from({ length: count }, (_, i) => i + 1).sort((a, b) => compareDistance(TARGET, id(a), id(b)))
}

/**
 * What a lookup of a node's own needs of it: contacts 1 to `contacts`, bootstrap nodes 101 and 102, contacts 201 and
 * up of an earlier run.
 */
class Harness {
  readonly asked: Asked[] = []
  /** Asked beside the walk. */
  readonly side: { target: Uint8Array; candidate: Candidate; handler: AskHandler }[] = []
  readonly wanted: number[] = []
  readonly hints: string[] = []
  /** Whom the lookups have come across. */
  readonly walked: Candidate[] = []
  readonly results: LookupResult[] = []
  resolved = 0
  knowsNeighbours = false
  done = false
  /** What the lookup resolved with. */
  found: readonly Peer[] = []
  lastLookupAt = -1
  k: number | undefined
  readonly core: Core
  readonly saved: readonly { host: string; port: number }[]
  /** What the resolver says. */
  bootstrap: () => unknown = () => Promise.resolve([place(101), place(102)])

  constructor(contacts: number, saved = 0) {
    this.saved = Array.from({ length: saved }, (_, i) => place(201 + i))
    const known = Array.from({ length: contacts }, (_, i) => ({
      ...place(i + 1),
      id: idFromIp(FIRST_IP + i + 1, PORT),
    }))
    const setLast = (at: number): number => (this.lastLookupAt = at)
    this.core = {
      clock: { now: () => 1234 },
      tracing: { create: () => null },
      set lastLookupAt(at: number) {
        setLast(at)
      },
      resolver: { resolve: () => (this.resolved++, this.bootstrap()) },
      lookups: {
        onWalked: (candidates: readonly Candidate[]) => void this.walked.push(...candidates),
        saved: this.saved,
        seeds: (_: Uint8Array, n: number) => {
          this.wanted.push(n)
          const isSaved = n > 0 && known.length === 0
          const nodes = isSaved ? this.saved : known.slice(0, n)
          return { nodes, source: isSaved ? 'options' : 'table', knowsNeighbours: this.knowsNeighbours }
        },
        createTraversal: (target: Uint8Array, { k, concurrency }: { k?: number; concurrency?: number }) => {
          this.k = k
          return new Traversal({ target, k: k ?? 20, concurrency: concurrency ?? 10 })
        },
        ask: (message: Asked['message'], candidate: Candidate, handler: AskHandler, options: SendOptions) => {
          this.asked.push({ message, candidate, handler, options })
          return () => {}
        },
        askSide: (target: Uint8Array, candidate: Candidate, handler: AskHandler) => {
          this.side.push({ target, candidate, handler })
          return () => {}
        },
      },
      watch: { onLookup: (result: LookupResult) => void this.results.push(result) },
      hint: (referrer: Candidate, dead: Candidate) => void this.hints.push(`${referrer.host} ${dead.host}`),
    } as unknown as Core
  }

  async start(options?: Parameters<typeof ownLookup>[2]): Promise<void> {
    void ownLookup(this.core, TARGET, options).then((found) => {
      this.found = found
      this.done = true
    })
    await this.settle()
  }

  async settle(): Promise<void> {
    for (let i = 0; i < 10; i++) await Promise.resolve()
  }

  get serials(): number[] {
    return this.asked.map(({ candidate }) => candidate.ip - FIRST_IP).sort((a, b) => a - b)
  }

  answer({ candidate, handler }: Asked, closer: number[] = []): void {
    const { id, host, port } = candidate
    const nodes = new CloserNodeList(closer.map((serial) => ({ ip: FIRST_IP + serial, port: PORT })))
    handler.onReply({ error: 0, from: { id, host, port }, closer: nodes } as unknown as Reply)
  }
}

test('own lookup: asks FIND_NODE of contacts, and of bootstrap nodes where there are few', async (t) => {
  const h = new Harness(1)
  await h.start()
  t.alike(h.serials, [1, 101, 102])
  t.alike([h.wanted, h.resolved, h.lastLookupAt], [[40], 1, 1234])
  for (const { message, options } of h.asked) {
    t.alike(message, { command: 2, internal: true, target: TARGET, value: null })
    t.alike([options!.lookup, options!.retries, options!.forced, options!.group], [true, 1, false, null])
  }
  t.absent(h.done)
  for (const asked of h.asked) h.answer(asked)
  await h.settle()
  t.ok(h.done)
  t.is(h.walked.length, h.asked.length, 'later lookups may start at whom it met')
})

test('own lookup: with contacts enough the bootstrap nodes are left alone', async (t) => {
  const h = new Harness(60)
  await h.start()
  t.is(h.resolved, 0)
  t.is(h.asked.length, INITIAL_CONCURRENCY)
  t.ok(
    h.serials.every((serial) => serial <= 40),
    'of twice k contacts',
  )
})

test('own lookup: those around the target are asked at once where they are known', async (t) => {
  const h = new Harness(60)
  h.knowsNeighbours = true
  await h.start({ concurrency: 20 })
  t.is(h.asked.length, 20)
})

test('own lookup: from the bootstrap nodes only, whoever else is known', async (t) => {
  const h = new Harness(60)
  await h.start({ fromBootstrap: true })
  t.alike(h.serials, [101, 102])
  h.answer(h.asked[0]!, [70])
  t.alike(h.serials, [70, 101, 102], 'and from there on')
})

test('own lookup: from one node only, it is no refresh and says nothing about the network', async (t) => {
  const h = new Harness(60)
  await h.start({ from: place(150) })
  t.alike(h.serials, [150])
  t.alike([h.resolved, h.lastLookupAt], [0, -1])
  h.answer(h.asked[0]!, [70])
  h.answer(h.asked[1]!)
  await h.settle()
  t.ok(h.done)
  t.alike(h.serials, [70, 150])
  t.is(h.results.length, 0)
  t.alike(h.found.map(({ host }) => host).sort(), [place(70).host, place(150).host].sort(), 'who answered is told')
})

test('own lookup: from one node that is not there, nobody else is asked', async (t) => {
  const h = new Harness(1)
  await h.start({ from: place(150) })
  h.asked[0]!.handler.onFailure(new DHTError('REQUEST_TIMEOUT'))
  await h.settle()
  t.ok(h.done)
  t.alike([h.serials, h.found], [[150], []])
})

test('own lookup: the number of results and of requests can be chosen', async (t) => {
  const h = new Harness(60)
  await h.start({ k: 5, concurrency: 1 })
  t.is(h.k, 5)
  t.is(h.asked.length, 1)
  for (let i = 0; i < h.asked.length; i++) h.answer(h.asked[i]!)
  await h.settle()
  t.is(h.asked.length, 5)
  t.ok(h.done)
})

test('own lookup: what its neighbours leave out is asked for beside the walk', async (t) => {
  const h = new Harness(60)
  await h.start({ k: 5 })
  const disorder = nearestSerials(40).slice(0, 2).reverse()
  for (let i = 0; i < h.asked.length; i++) h.answer(h.asked[i]!, disorder)
  await h.settle()
  t.is(h.side.length, 2)
  t.absent(h.done)
  for (const { target, handler } of h.side) {
    t.unlike(target, TARGET)
    handler.onOverdue(1, false)
  }
  await h.settle()
  t.ok(h.done)
})

test('own lookup: the first reply is told once', async (t) => {
  const h = new Harness(3)
  const first: Reply[] = []
  await h.start({ onFirstReply: (reply) => void first.push(reply) })
  h.asked[0]!.handler.onFailure(new DHTError('REQUEST_TIMEOUT'))
  t.is(first.length, 0)
  for (const asked of h.asked.slice(1)) h.answer(asked)
  t.is(first.length, 1)
  t.is(first[0]!.from.host, h.asked[1]!.candidate.host)
})

test('own lookup: ends without an error, whatever becomes of it', async (t) => {
  for (const code of ['REQUEST_TIMEOUT', 'SEND_FAILED', 'IO_SUSPENDED', 'REQUEST_DESTROYED', 'QUEUE_FULL'] as const) {
    const h = new Harness(2)
    await h.start()
    for (let i = 0; i < h.asked.length; i++) h.asked[i]!.handler.onFailure(new DHTError(code))
    await h.settle()
    t.ok(h.done, code)
  }
})

test('own lookup: who named a dead node hears of it', async (t) => {
  const h = new Harness(1)
  await h.start({ k: 20 })
  h.answer(h.asked[0]!, [50])
  const dead = h.asked.find(({ candidate }) => candidate.ip === FIRST_IP + 50)!
  dead.handler.onFailure(new DHTError('REQUEST_TIMEOUT'))
  t.alike(h.hints, [`${h.asked[0]!.candidate.host} ${place(50).host}`])
})

test('own lookup: contacts of an earlier run are asked while nobody is known, without waiting for names', async (t) => {
  const h = new Harness(0, 8)
  h.bootstrap = () => new Promise(() => {})
  await h.start()
  t.is(h.asked.length, INITIAL_CONCURRENCY)
  t.ok(h.serials.every((serial) => serial > 200))
  for (const asked of h.asked.slice()) h.answer(asked)
  await h.settle()
  for (const asked of h.asked.slice(6)) h.answer(asked)
  await h.settle()
  t.is(h.asked.length, 8)
  t.ok(h.done, 'nobody waits for a name that does not come')
})

test('own lookup: bootstrap nodes with plain addresses are asked beside the contacts of an earlier run', async (t) => {
  const h = new Harness(0, 3)
  h.bootstrap = () => [place(101), place(102)]
  await h.start()
  t.alike(h.serials, [101, 102, 201, 202, 203])
})

test('own lookup: where hardly a contact of an earlier run answers, the bootstrap nodes are waited for', async (t) => {
  for (const { answers, waits } of [
    { answers: 0, waits: true },
    { answers: 1, waits: true },
    { answers: 2, waits: false },
  ]) {
    const h = new Harness(0, 8)
    await h.start()
    t.absent(h.serials.includes(101))
    for (let i = 0; i < 8; i++) {
      const { handler } = h.asked[i]!
      if (i < answers) h.answer(h.asked[i]!)
      else handler.onFailure(new DHTError('REQUEST_TIMEOUT'))
    }
    await h.settle()
    t.is(h.serials.includes(101), waits, `${answers} answers`)
    t.is(h.done, !waits)
    for (const asked of h.asked.slice(8)) h.answer(asked)
    await h.settle()
    t.ok(h.done)
  }
})

test('own lookup: later on the contacts of an earlier run change nothing', async (t) => {
  const h = new Harness(1, 8)
  await h.start({ kind: 'refresh' })
  t.alike(h.serials, [1, 101, 102])
})
