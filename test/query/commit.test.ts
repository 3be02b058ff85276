/** What a query writes at its end, to whom, and what becomes of it. */
import test, { type Assert } from 'brittle'
import { type CommitOutcome, DHTError, type DHTOptions, type Query, type Reply } from '../../index.js'
import { idFromAddress } from '../../lib/primitives/id.js'
import { type Commit, runCommits } from '../../lib/query/commit.js'
import { rejectionOf } from '../helpers/errors.js'
import { Simulation } from '../helpers/simulation.js'
import { hostsOf, nearestFirst, type ScriptedNode, startAsker } from './scripted-nodes.js'

const TARGET = idFromAddress('1.2.3.4', 5)
const VALUE = Uint8Array.of(4, 5, 6)
const MESSAGE = { target: TARGET, command: 7, value: VALUE }

async function create(t: Assert, count: number, options: DHTOptions = {}) {
  const { sim, nodes, asker } = await startAsker(t, count, options)
  return { sim, nodes: nearestFirst(nodes, TARGET), asker }
}

const codes = (commits: readonly CommitOutcome[]): string[] =>
  commits.map(({ ok, error }) => (ok ? 'ok' : error instanceof DHTError ? error.code : error!.message))

/** The commits of a fresh query with this option, and what it failed with. */
async function commitWith(t: Assert, commit: Commit, nodeCount = 3) {
  const { sim, nodes, asker } = await create(t, nodeCount)
  const query = asker.query(MESSAGE, { nodes, commit })
  const error = (await rejectionOf(sim.run(query.finished()))) as DHTError | null
  return { query, error, asker, nodes }
}

test('commit: true repeats the command at the 20 closest, each with its own token', async (t) => {
  const { sim, nodes, asker } = await create(t, 25)
  const query = asker.query(MESSAGE, { nodes, commit: true })
  const seen: Reply[] = []
  query.on('data', (reply) => void seen.push(reply))
  await sim.run(query.finished())
  nodes.forEach((node, i) => {
    t.is(node.commits.length, i < 20 ? 1 : 0)
    for (const { command, target, token, value } of node.commits) {
      t.is(command, 7)
      t.alike([[...target!], [...token!], [...value!]], [[...TARGET], [...node.token], [...VALUE]])
    }
  })
  t.alike(
    query.commits.map(({ node, ok, error }) => [node.host, ok, error]),
    nodes.slice(0, 20).map(({ host }) => [host, true, null]),
  )
  t.ok(query.commits.every(({ result }) => (result as Reply).error === 0))
  t.is(seen.length, query.successes, 'the answers to commits are not yielded')
})

test('commit: outcomes are empty until they are done, and there are none without the option', async (t) => {
  const { sim, nodes, asker } = await create(t, 3)
  for (const commit of [false, null, undefined]) {
    const query = asker.query(MESSAGE, { nodes, ...(commit !== undefined && { commit }) })
    await sim.run(query.finished())
    t.alike(query.commits, [])
  }
  t.ok(nodes.every(({ commits }) => commits.length === 0))
  const query = asker.query(MESSAGE, { nodes, commit: true })
  query.on('data', () => t.alike(query.commits, []))
  await sim.run(query.finished())
  t.is(query.commits.length, 3)
})

test('W-C13: refused by all it fails, with the last refusal as cause, and every outcome is told', async (t) => {
  const { sim, nodes, asker } = await create(t, 3)
  nodes.forEach((node, i) => (node.answer = ({ token }) => ({ error: token === null ? 0 : 16 + i })))
  const query = asker.query(MESSAGE, { nodes, commit: true })
  const error = (await rejectionOf(sim.run(query.finished()))) as DHTError
  t.is(error.code, 'COMMIT_FAILED')
  t.is(error.message, 'COMMIT_FAILED: No node accepted the commit')
  t.is((error.cause as Error).message, 'COMMIT_FAILED: Commit refused with error 18')
  t.alike(codes(query.commits), ['COMMIT_FAILED', 'COMMIT_FAILED', 'COMMIT_FAILED'])
  t.is(asker.stats.queries.active, 0)
})

test('W-C13: refused by some it succeeds, and says by whom', async (t) => {
  const { sim, nodes, asker } = await create(t, 4)
  nodes[1]!.answer = ({ token }) => ({ error: token === null ? 0 : 16 })
  nodes[2]!.answer = ({ token }) => (token === null ? {} : null)
  nodes[3]!.answer = () => ({ token: null })
  const query = asker.query(MESSAGE, { nodes, commit: true })
  await sim.run(query.finished())
  t.alike(codes(query.commits), ['ok', 'COMMIT_FAILED', 'REQUEST_TIMEOUT', 'NO_TOKEN'])
  t.alike(
    query.commits.map(({ node }) => node.host),
    hostsOf(nodes),
  )
  t.alike(
    query.commits.map(({ result }) => result !== null),
    [true, false, false, false],
  )
})

test('commit: where nobody gave a token it fails, and asks nobody again', async (t) => {
  const { sim, nodes, asker } = await create(t, 2)
  for (const node of nodes) node.answer = () => ({ token: null })
  const error = (await rejectionOf(sim.run(asker.query(MESSAGE, { nodes, commit: true }).finished()))) as DHTError
  t.alike([error.code, (error.cause as DHTError).code], ['COMMIT_FAILED', 'NO_TOKEN'])
  t.is((error.cause as Error).message, 'NO_TOKEN: No token received for closest node')
  t.ok(nodes.every(({ asked }) => asked.length === 1))
})

test('commit: without anybody to commit to it fails with TOO_FEW_NODES', async (t) => {
  const answers: [string, (node: ScriptedNode) => void][] = [
    ['silent', (node) => (node.alive = false)],
    ['errors', (node) => (node.answer = () => ({ error: 1 }))],
    ['without id', (node) => (node.answer = () => ({ id: null }))],
  ]
  for (const [name, script] of answers) {
    for (const commit of [true, () => Promise.resolve(1)]) {
      const { sim, nodes, asker } = await create(t, 3)
      nodes.forEach(script)
      const error = (await rejectionOf(sim.run(asker.query(MESSAGE, { nodes, commit }).finished()))) as DHTError
      t.is(error.message, 'TOO_FEW_NODES: Too few nodes responded', name)
    }
  }
})

test('W-S12: a token that has expired is renewed, once', async (t) => {
  const { sim, nodes, asker } = await create(t, 4)
  const fresh = new Uint8Array(32).fill(9)
  const stale = (token: Uint8Array | null): boolean => token !== null && token[0] !== 9
  nodes[0]!.answer = ({ token }) => (stale(token) ? { error: 2, token: fresh } : {})
  nodes[1]!.answer = ({ token }) => (token === null ? {} : { error: 2, token: fresh })
  nodes[2]!.answer = ({ token }) => (token === null ? {} : { error: 2, token: null })
  const query = asker.query(MESSAGE, { nodes, commit: true })
  await sim.run(query.finished())
  t.alike(codes(query.commits), ['ok', 'COMMIT_FAILED', 'COMMIT_FAILED', 'ok'])
  t.is(query.commits[1]!.error!.message, 'COMMIT_FAILED: Commit refused with error 2')
  t.alike(
    nodes.map(({ commits }) => commits.map(({ token }) => token![0] === 9)),
    [[false, true], [false, true], [false], [false]],
  )
  t.alike([...nodes[0]!.commits[1]!.value!], [...VALUE], 'with the value')
})

test('W-S12: real tokens outlive a query among dead nodes', async (t) => {
  const sim = new Simulation(t)
  const nodes = await sim.startMany(25)
  const stored = new Set<string>()
  for (const node of [...nodes, sim.bootstrapper]) {
    node.on('request', (req) => {
      if (req.token !== null) stored.add(sim.hostOf(node))
      req.reply()
    })
  }
  await sim.clock.advance(30_000)
  const asker = await sim.start({ ephemeral: true })
  for (const node of nodes.slice(0, 8)) sim.block(sim.hostOf(node))
  const query = asker.query(MESSAGE, { commit: true })
  await sim.run(query.finished())
  t.is(query.commits.filter(({ ok }) => ok).length, query.commits.length)
  t.alike([...stored].sort(), hostsOf(query.closestNodes).sort())
})

test('commit: a function is called for each of the closest, nearest first, with node and query', async (t) => {
  const calls: [string, unknown, Query<unknown>][] = []
  const { query, error, asker, nodes } = await commitWith(
    t,
    (reply, dht, of) => {
      calls.push([reply.from.host, dht, of])
      return Promise.resolve(reply.from.host)
    },
    24,
  )
  t.is(error, null)
  t.alike(
    calls.map(([host]) => host),
    hostsOf(nodes.slice(0, 20)),
  )
  t.ok(calls.every(([, dht, of]) => dht === asker && of === (query as Query<unknown>)))
  t.alike(
    query.commits.map(({ ok, result }) => [ok, result]),
    nodes.slice(0, 20).map(({ host }) => [true, host]),
  )
  t.ok(nodes.every(({ commits }) => commits.length === 0))
})

test('commit: the query ends when the last function is done, not before', async (t) => {
  const { sim, nodes, asker } = await create(t, 3)
  let running = 0
  let most = 0
  const commit = async (): Promise<void> => {
    most = Math.max(most, ++running)
    await new Promise<void>((resolve) => void sim.clock.after(5000, resolve))
    running--
  }
  const query = asker.query(MESSAGE, { nodes, commit })
  const start = sim.clock.now()
  await sim.run(query.finished())
  t.alike([running, most], [0, 3], 'all at once')
  t.ok(sim.clock.now() - start >= 5000)
})

const refused = { error: 17 }

const FUNCTIONS: [name: string, commit: Commit, outcome: string][] = [
  ['returns a value', () => 5, 'ok'],
  ['returns nothing', () => undefined, 'ok'],
  ['returns null', () => null, 'ok'],
  ['resolves', () => Promise.resolve('done'), 'ok'],
  [
    'throws',
    () => {
      throw new Error('boom')
    },
    'boom',
  ],
  ['rejects', () => Promise.reject(new Error('boom')), 'boom'],
  // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- what users may do
  ['rejects with text', () => Promise.reject('boom'), 'boom'],
  // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- what users may do
  ['rejects with nothing', () => Promise.reject(undefined), 'undefined'],
  ['returns a refusal', () => refused, 'COMMIT_FAILED'],
  ['resolves with a refusal', () => Promise.resolve(refused), 'COMMIT_FAILED'],
  ['resolves with an accepted reply', () => Promise.resolve({ error: 0 }), 'ok'],
]

for (const [name, commit, outcome] of FUNCTIONS) {
  test(`W-C14: a commit function that ${name}`, async (t) => {
    const { query, error, asker } = await commitWith(t, commit)
    t.alike(codes(query.commits), [outcome, outcome, outcome])
    if (outcome === 'ok') {
      t.is(error, null)
    } else {
      t.is(error!.code, 'COMMIT_FAILED')
      t.is(error!.cause, query.commits[2]!.error)
    }
    t.is(asker.stats.queries.active, 0)
  })
}

test('commit: one success is enough', async (t) => {
  let calls = 0
  const { query, error } = await commitWith(t, () => {
    if (++calls < 3) throw new Error('boom')
    return 'done'
  })
  t.is(error, null)
  t.alike(codes(query.commits), ['boom', 'boom', 'ok'])
})

test('commit: a query destroyed meanwhile ends at once, and tells no outcomes', async (t) => {
  const { sim, nodes, asker } = await create(t, 3)
  const query = asker.query(MESSAGE, { nodes, commit: () => new Promise(() => {}) })
  const finished = query.finished()
  await sim.clock.advance(5000)
  t.absent(query.destroyed)
  query.destroy()
  await sim.run(finished)
  t.alike(query.commits, [])
  t.is(asker.stats.queries.active, 0)
})

test('commit: a function that destroys its query does no harm', async (t) => {
  const { query, error } = await commitWith(t, (_reply, _dht, of) => of.destroy())
  t.is(error, null)
  t.alike([query.destroyed, query.commits], [true, []])
})

test('commit: suspending the node meanwhile fails it', async (t) => {
  const { sim, nodes, asker } = await create(t, 3)
  for (const node of nodes) node.answer = ({ token }) => (token === null ? {} : null)
  const query = asker.query(MESSAGE, { nodes, commit: true })
  const ended = rejectionOf(query.finished())
  await sim.clock.runUntil(() => nodes.every(({ commits }) => commits.length > 0), 5000)
  await sim.run(asker.suspend())
  const error = (await ended) as DHTError
  t.alike([error.code, (error.cause as DHTError).code], ['COMMIT_FAILED', 'IO_SUSPENDED'])
})

test('commit: a signal and a deadline end it during the commits too', async (t) => {
  const { sim, nodes, asker } = await create(t, 3)
  const query = asker.query(MESSAGE, { nodes, commit: () => new Promise(() => {}), deadlineMs: 2000 })
  t.is(((await rejectionOf(sim.run(query.finished()))) as DHTError).code, 'DEADLINE_EXCEEDED')
  const controller = new AbortController()
  const other = asker.query(MESSAGE, { nodes, commit: () => new Promise(() => {}), signal: controller.signal })
  const ended = rejectionOf(other.finished())
  await sim.clock.advance(1000)
  controller.abort(new Error('enough'))
  t.is((await ended)?.message, 'enough')
})

test('commit: nobody consumes what is left, and the commits wait for it', async (t) => {
  const { sim, nodes, asker } = await create(t, 60)
  // Every other one is no result: more than the buffer holds have to be asked.
  nodes.forEach((node, i) => i % 2 === 0 && (node.answer = () => ({ id: null })))
  const query = asker.query(MESSAGE, { nodes, commit: true })
  query.read()
  await sim.clock.advance(10_000)
  t.ok(nodes.every(({ commits }) => commits.length === 0))
  await sim.run(query.finished())
  t.is(query.commits.length, 20)
})

test('commit: the outcomes of no replies are none', async (t) => {
  t.alike(await runCommits([], true, null as never, null as never), [])
})
