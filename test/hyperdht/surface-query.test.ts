/** Queries of the class, as HyperDHT needs them (and dht-rpc has them). */
import test, { type Assert } from 'brittle'
import { DHT } from '../../lib/dht-rpc/index.js'
import type { Query, Reply } from '../../lib/dht-rpc/index.js'
import { compareDistance } from '../../lib/primitives/id.js'
import { collectUncaught, errorOf, rejectionOf } from '../helpers/errors.js'
import { RawSocket } from '../helpers/raw-socket.js'
import { addressOf, both, type DHTClass, HOST, start, startClient, startNetwork } from './engines.js'

const TARGET = Buffer.alloc(32, 5)
const ECHO = 40
const STORE = 41
const REFUSE = 42

/** A network whose nodes answer, and one who asks. */
async function startStore(
  t: Assert,
  Class: DHTClass,
  size = 6,
): Promise<{ nodes: DHT[]; asker: DHT; stored: Set<DHT> }> {
  const nodes = await startNetwork(t, Class, size)
  const stored = new Set<DHT>()
  for (const node of nodes) {
    node.on('request', (req) => {
      if (req.command === REFUSE) return req.error(33)
      if (req.command === STORE && req.token) stored.add(node)
      req.reply(req.value)
    })
  }
  return { nodes, asker: await startClient(t, Class, nodes[0]!), stored }
}

const ascending = (numbers: readonly number[]): number[] => numbers.toSorted((a, b) => a - b)

const query = { target: TARGET, command: ECHO, value: Buffer.from('v') }
const write = { target: TARGET, command: STORE, value: Buffer.from('v') }

both('surface: a query is an async iterator of replies, and leaving the loop destroys it', async (t, Class) => {
  const { asker, nodes } = await startStore(t, Class)
  const all: Reply[] = []
  const whole = asker.query(query)
  for await (const reply of whole) all.push(reply)
  t.is(all.length, nodes.length)
  t.ok(all.every(({ value, from }) => value !== null && from.host === HOST))
  t.ok(whole.destroyed)
  const broken = asker.query(query)
  for await (const reply of broken) if (reply) break
  t.ok(broken.destroyed)
})

both('surface: a query is a stream with data, end and close', async (t, Class) => {
  const { asker, nodes } = await startStore(t, Class)
  const log: string[] = []
  const stream = asker.query(query)
  stream.on('data', () => log.push('data'))
  await new Promise<void>((resolve) => {
    stream.on('end', () => log.push('end'))
    stream.once('close', resolve)
  })
  t.alike(log, [...nodes.map(() => 'data'), 'end'])
})

both('surface: finished drains it; the closest replies are raw, nearest first, live', async (t, Class) => {
  const { asker, nodes } = await startStore(t, Class)
  const walk = asker.query(query, { map: () => null })
  t.alike(walk.closestReplies, [])
  await walk.finished()
  t.is(walk.closestReplies.length, nodes.length)
  t.ok(walk.closestReplies.every((reply) => Buffer.from('v').equals(reply.value!) && reply.token))
  const ids = walk.closestNodes.map(({ id }) => id!)
  t.alike(
    ids,
    ids.toSorted((a, b) => compareDistance(TARGET, a, b)),
  )
  t.alike(
    walk.closestNodes,
    walk.closestReplies.map(({ from }) => from),
  )
  t.alike([walk.successes, walk.errors, walk.inflight], [nodes.length, 0, 0])
})

both('surface: a query knows its node, target, command and value', async (t, Class) => {
  const { asker } = await startStore(t, Class, 2)
  const walk = asker.query(query, { concurrency: 3 })
  t.is(walk.dht, asker)
  t.alike([walk.target, walk.command, walk.value, walk.concurrency], [TARGET, ECHO, query.value, 3])
  await walk.finished()
})

both('surface: map decides what is emitted', async (t, Class) => {
  const { asker, nodes } = await startStore(t, Class)
  const skipped = nodes[2]!.io.serverSocket!.address()!.port
  const ports: number[] = []
  const mapped = asker.query(query, { map: ({ from }) => from.port !== skipped && from.port })
  for await (const port of mapped) ports.push(port)
  t.is(ports.length, nodes.length - 1)
  t.absent(ports.includes(skipped))
})

both('surface: commit true repeats the command with the tokens', async (t, Class) => {
  const { asker, nodes, stored } = await startStore(t, Class)
  await asker.query(write).finished()
  t.is(stored.size, 0)
  await asker.query(write, { commit: null }).finished()
  t.is(stored.size, 0)
  await asker.query(write, { commit: true }).finished()
  t.is(stored.size, nodes.length)
})

both(
  'surface: a commit function is called once for each closest reply, with the node and the query',
  async (t, Class) => {
    const { asker, nodes } = await startStore(t, Class)
    const calls: [Reply, unknown, unknown][] = []
    const walk: Query = asker.query(query, {
      commit: async (reply, dht, inner) => {
        calls.push([reply, dht, inner])
      },
    })
    await walk.finished()
    t.is(calls.length, nodes.length)
    t.ok(calls.every(([, dht, inner]) => dht === asker && inner === walk))
    t.alike(ascending(calls.map(([reply]) => reply.from.port)), ascending(walk.closestNodes.map(({ port }) => port)))
  },
)

both('surface: one commit that succeeds is enough; an answer with an error number is a success', async (t, Class) => {
  const { asker } = await startStore(t, Class)
  let calls = 0
  const some = asker.query(query, {
    commit: async () => {
      if (calls++ > 0) throw new Error('not here')
    },
  })
  await t.execution(some.finished())
  const refused = asker.query(query, {
    commit: (reply, dht) => dht.request({ target: TARGET, command: REFUSE, token: reply.token }, reply.from),
  })
  await t.execution(refused.finished())
})

both('surface: a query whose commits all fail, fails with the last error', async (t, Class) => {
  const { asker } = await startStore(t, Class)
  let calls = 0
  const walk = asker.query(query, { commit: () => Promise.reject(new Error(`no ${++calls}`)) })
  t.is((await rejectionOf(walk.finished()))?.message, `no ${walk.closestReplies.length}`)
})

both('surface: a query that is to write and finds nobody, fails', async (t, Class) => {
  const node = await start(t, Class)
  t.is((await rejectionOf(node.query(write, { commit: true }).finished()))?.message, 'Too few nodes responded')
  await t.execution(node.query(query).finished(), 'one that only asks, ends')
})

both('surface: nodes that give no token cannot be committed to', async (t, Class) => {
  const { asker, nodes } = await startStore(t, Class, 2)
  for (const node of nodes) node.onrequest = (req) => (req.reply(null, { token: false }), true)
  const error = await rejectionOf(asker.query(write, { commit: true }).finished())
  t.is(error?.message, 'No token received for closest node')
})

both('surface: a query starts from the nodes or replies given', async (t, Class) => {
  const { asker, nodes } = await startStore(t, Class)
  const some = nodes.slice(1, 3).map(addressOf)
  const replies = some.map((from) => ({ from }))
  for (const name of ['nodes', 'closestNodes', 'replies', 'closestReplies'] as const) {
    const given = name === 'nodes' || name === 'closestNodes' ? some : replies
    const only = asker.query(query, { [name]: given, onlyClosestNodes: true })
    const ports = []
    for await (const { from } of only) ports.push(from.port)
    t.alike(ascending(ports), ascending(some.map(({ port }) => port)), name)
    const from = asker.query(query, { [name]: given })
    await from.finished()
    t.is(from.closestNodes.length, nodes.length, `${name}: and goes on`)
  }
  for (const none of [null, undefined]) {
    const walk = asker.query(query, { nodes: none, replies: none, session: none, commit: none, map: none } as never)
    await walk.finished()
    t.is(walk.closestNodes.length, nodes.length)
  }
})

both('surface: options of others in the object are ignored', async (t, Class) => {
  const { asker, nodes } = await startStore(t, Class)
  const foreign = { hash: false, bump: 1, seq: 3, clear: true, refresh: 'x', latest: true, signAnnounce() {} }
  const walk = asker.query(query, foreign as object)
  await walk.finished()
  t.is(walk.closestNodes.length, nodes.length)
})

test('surface: nodes that cannot be asked are left out: such lists come from strangers', async (t) => {
  const { asker, nodes } = await startStore(t, DHT)
  const given = [
    { host: 'name', port: 1 },
    { host: HOST, port: 0 },
    { host: HOST, port: 70_000 },
    null,
    addressOf(nodes[1]!),
  ]
  const walk = asker.query(query, { nodes: given as never, onlyClosestNodes: true })
  await walk.finished()
  t.is(walk.closestNodes.length, 1)
})

both('surface: retries are counted beside the first transmission; force asks once', async (t, Class) => {
  const { asker } = await startStore(t, Class, 1)
  for (const [options, sent] of [
    [{ retries: 0 }, 1],
    [{ retries: 1 }, 2],
    [{ force: true }, 1],
  ] as const) {
    const silent = await RawSocket.open(t)
    await asker.query(query, { nodes: [silent.address], onlyClosestNodes: true, ...options }).finished()
    t.is(silent.received.length, sent, JSON.stringify(options))
  }
})

const ENDS: [name: string, end: (asker: DHT, session: { destroy(error?: Error): void }) => unknown][] = [
  ['its session is destroyed', (_, session) => session.destroy()],
  ['its session is destroyed with an error', (_, session) => session.destroy(new Error('mine'))],
  ['its node is suspended', (asker) => asker.suspend()],
  ['its node is destroyed', (asker) => asker.destroy()],
]

/** With the only node silent, so that it is on the way for sure. */
async function startWaiting(t: Assert, Class: DHTClass): Promise<{ asker: DHT; silent: RawSocket }> {
  const asker = await start(t, Class)
  return { asker, silent: await RawSocket.open(t) }
}

for (const [name, end] of ENDS) {
  both(`surface: a query that only asks just ends when ${name}`, async (t, Class) => {
    const uncaught = collectUncaught(t)
    for (const how of ['loop', 'events', 'finished'] as const) {
      const { asker, silent } = await startWaiting(t, Class)
      const session = asker.session()
      const walk = session.query(query, { nodes: [silent.address], retries: 1 })
      const over = consume(walk, how)
      await silent.next('the question')
      await end(asker, session)
      await t.execution(over, how)
    }
    t.alike(uncaught, [])
  })

  both(`surface: a query that is to write fails when ${name}`, async (t, Class) => {
    const { asker, silent } = await startWaiting(t, Class)
    const session = asker.session()
    const walk = session.query(write, { nodes: [silent.address], retries: 1, commit: true })
    const failed = rejectionOf(walk.finished())
    await silent.next('the question')
    await end(asker, session)
    t.is((await failed)?.message, 'Too few nodes responded')
  })
}

async function consume(walk: Query, how: 'loop' | 'events' | 'finished'): Promise<void> {
  if (how === 'finished') return walk.finished()
  if (how === 'loop') {
    for await (const reply of walk) reply satisfies Reply
    return
  }
  walk.on('data', () => {})
  await new Promise<void>((resolve) => walk.once('close', resolve))
}

both('surface: a query that is destroyed with an error fails with it, without one it does not', async (t, Class) => {
  const { asker } = await startStore(t, Class)
  const mine = new Error('mine')
  const failing = asker.query(query)
  const failed = rejectionOf(failing.finished())
  failing.destroy(mine)
  t.is(await failed, mine)
  const ended = asker.query(query)
  const over = ended.finished()
  ended.destroy()
  await t.execution(over)
})

both('surface: a query leaves the session it was given as it is', async (t, Class) => {
  const { asker, nodes } = await startStore(t, Class)
  const silent = await RawSocket.open(t)
  const session = asker.session()
  const other = session.ping(silent.address)
  const failed = rejectionOf(other)
  await asker.query(query, { session }).finished()
  const stranger = await Promise.race([failed, Promise.resolve('still waiting')])
  t.is(stranger, 'still waiting')
  t.is((await session.ping(addressOf(nodes[0]!))).error, 0)
  session.destroy()
  t.is(((await failed) as { code?: string } | null)?.code, 'REQUEST_DESTROYED')
})

both('surface: query and findNode throw on a destroyed node, requests reject', async (t, Class) => {
  const node = await start(t, Class)
  await node.destroy()
  t.is(errorOf(() => node.query(query))?.message, 'Node destroyed')
  t.is(errorOf(() => node.findNode(TARGET))?.message, 'Node destroyed')
  t.is((await rejectionOf(node.request({ command: 1 }, { host: HOST, port: 1 })))?.message, 'Node destroyed')
  t.is((await rejectionOf(node.ping({ host: HOST, port: 1 })))?.message, 'Node destroyed')
})
