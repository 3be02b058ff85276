/** What the surface list says of values that mean nothing, and of events that come late. Both on dht-rpc and on ours. */
import { once } from 'node:events'
import type { EventEmitter } from 'node:events'
import test from 'brittle'
import { DHT } from '../../lib/dht-rpc/index.js'
import type { DHTEvents, QueryOptions, RequestOptions } from '../../lib/dht-rpc/index.js'
import { addressOf, both, create, HOST, start, startClient, startNetwork } from './engines.js'

/** What emitters emit by themselves. */
const OF_EMITTERS: ReadonlySet<string> = new Set(['newListener', 'removeListener'])

const TARGET = Buffer.alloc(32, 'surface')

both('surface: bootstrap false means nobody, filterNode false means everybody', (t, Class) => {
  const options = { bootstrap: false, filterNode: false } as unknown as ConstructorParameters<typeof DHT>[0]
  const node = create(t, Class, { ...options, nodes: [{ host: HOST, port: 1234 }] })
  t.alike(node.bootstrapNodes, [])
  t.alike(node.toArray(), [{ host: HOST, port: 1234 }])
})

both('surface: null is no option of a query', async (t, Class) => {
  const [first] = (await startNetwork(t, Class, 4)) as [DHT]
  const client = await startClient(t, Class, first)
  const none = { map: null, commit: null, nodes: null, closestNodes: null, replies: null, closestReplies: null }
  const query = client.findNode(TARGET, none as unknown as QueryOptions)
  await query.finished()
  t.is(query.closestReplies.length, 4)
})

both('surface: null is no option of a request either', async (t, Class) => {
  const [first] = (await startNetwork(t, Class, 2)) as [DHT]
  const client = await startClient(t, Class, first)
  const none = { socket: null, session: null } as unknown as RequestOptions
  const reply = await client.request({ token: null, command: 7, target: null, value: null }, addressOf(first), none)
  t.is(reply.error, DHT.ERROR_UNKNOWN_COMMAND)
  t.alike(reply.from.port, addressOf(first).port)
  const pong = await client.ping(addressOf(first), { ...none, size: 900, ttl: 32 })
  t.is(pong.error, 0)
})

both('surface: a request goes to anything with a host and a port, a node for one', async (t, Class) => {
  const [first] = (await startNetwork(t, Class, 2)) as [DHT]
  const client = await startClient(t, Class, first)
  const reply = await client.request({ command: 7, target: TARGET }, first)
  t.is(reply.error, DHT.ERROR_UNKNOWN_COMMAND)
  t.is((await client.request({ command: 7 }, reply.from)).error, DHT.ERROR_UNKNOWN_COMMAND)
})

both('surface: nothing is emitted and no hook is called while a subclass is constructed', async (t, Class) => {
  const early: string[] = []
  let constructed = false
  class Sub extends Class {
    readonly names: string[]

    constructor(options: ConstructorParameters<typeof DHT>[0]) {
      super(options)
      this.names = ['listening']
      this.on('listening', () => early.push(constructed ? 'late' : 'early', ...this.names))
      constructed = true
    }

    override emit<E extends keyof DHTEvents>(event: E, ...args: DHTEvents[E]): boolean {
      if (!constructed && !OF_EMITTERS.has(event)) early.push(event)
      return super.emit(event, ...args)
    }
  }
  const node = create(t, Sub)
  t.alike(early, [])
  await once(node as unknown as EventEmitter, 'listening')
  t.alike(early, ['late', 'listening'])
})

both('surface: who does not answer the query is taken from the table, and the event says so', async (t, Class) => {
  const [first, , gone] = (await startNetwork(t, Class, 3)) as [DHT, DHT, DHT]
  const { port } = addressOf(gone)
  const node = await start(t, Class, { bootstrap: [addressOf(first)], ephemeral: true })
  t.ok(node.toArray().some((known) => known.port === port))
  const removed: number[] = []
  node.on('remove-node', (contact) => removed.push(contact.port))
  await gone.destroy()
  while (!removed.includes(port)) await node.ping({ host: HOST, port }, { retry: false }).catch(() => node.refresh())
  t.absent(node.toArray().some((known) => known.port === port))
})

test('surface: extra arguments of destroy are ignored, and everybody gets the same end', async (t) => {
  const node = create(t, DHT)
  let closed = 0
  node.on('close', () => closed++)
  await Promise.all([node.destroy({ force: true }), node.destroy()])
  await node.destroy()
  t.is(closed, 1)
})
