/** Requests, replies and sockets of the class, as HyperDHT needs them (and dht-rpc has them). */
/* oxlint-disable no-underscore-dangle -- the names are dht-rpc's */
import { once } from 'node:events'
import b4a from 'b4a'
import test, { type Assert } from 'brittle'
import { DHT } from '../../lib/dht-rpc/index.js'
import type { Reply, Request } from '../../lib/dht-rpc/index.js'
import type { DatagramSocket } from '../../lib/transport/contract.js'
import { errorOf, rejectionOf } from '../helpers/errors.js'
import { RawSocket } from '../helpers/raw-socket.js'
import { addressOf, both, HOST, startBootstrapper, startClient, startNetwork } from './engines.js'

const TARGET = Buffer.alloc(32, 5)

/** A UDX socket of the application's, whose datagrams are handed to the node, as those of HyperDHT's pool are. */
function openPoolSocket(t: Assert, node: DHT): DatagramSocket {
  const socket = (node.udx as { createSocket(): PoolSocket }).createSocket()
  socket.bind(0, HOST)
  socket.on('message', (bytes, from) => node.onmessage(socket, bytes, from))
  t.teardown(() => socket.close())
  return socket
}

interface PoolSocket extends DatagramSocket {
  bind(port: number, host: string): void
  on(event: 'message', listener: (bytes: Uint8Array, from: { host: string; port: number }) => void): void
}

function codeOf(error: Error | null): string | undefined {
  return (error as { code?: string } | null)?.code
}

/** The next request that the node gets. */
async function nextRequest(node: DHT): Promise<Request> {
  return ((await once(node as never, 'request')) as [Request])[0]
}

both('surface: a reply has all its fields, null where there is nothing', async (t, Class) => {
  const nodes = await startNetwork(t, Class, 3)
  const [, answerer, asker] = nodes as [DHT, DHT, DHT]
  answerer.on('request', (req) => req.reply(Buffer.from('value')))
  const reply = await asker.request({ command: 9, target: TARGET }, addressOf(answerer))
  t.is(reply.error, 0)
  t.alike(reply.value, Buffer.from('value'))
  t.ok(Buffer.isBuffer(reply.value) && Buffer.isBuffer(reply.token) && Buffer.isBuffer(reply.from.id))
  t.is(reply.token!.length, 32)
  t.alike(reply.from, { id: answerer.id, ...addressOf(answerer) })
  t.alike([reply.to.host, reply.to.port], [HOST, addressOf(asker).port])
  t.ok(reply.closerNodes!.length > 0)
  t.ok(reply.closerNodes!.every(({ host, port }) => host === HOST && port > 0))
  t.ok(reply.rtt >= 0 && reply.tid >= 0 && reply.tid < 65536)
  const pong: Reply = await asker.ping(addressOf(answerer))
  t.alike([pong.token, pong.closerNodes, pong.value, pong.error], [null, null, null, 0])
})

both('surface: a request has all its fields, in buffers of its own, long after it came', async (t, Class) => {
  const [first, answerer] = (await startNetwork(t, Class, 2)) as [DHT, DHT]
  const asker = await startClient(t, Class, first)
  const value = Buffer.from('kept for minutes')
  const got = nextRequest(answerer)
  const pending = asker.request({ command: 300, target: TARGET, value }, addressOf(answerer))
  const req = await got
  answerer.on('request', (other) => other.reply(null))
  for (let i = 0; i < 50; i++) await asker.request({ command: 1, value: Buffer.alloc(64, i) }, addressOf(answerer))
  t.is(req.command, 300)
  t.alike([req.target, req.value], [TARGET, value])
  t.ok(Buffer.isBuffer(req.target) && Buffer.isBuffer(req.value))
  t.is(req.token, null)
  t.absent(req.internal)
  t.alike(req.from, { id: null, host: HOST, port: asker.io.clientSocket!.address()!.port })
  t.alike([req.to.host, req.to.port], [HOST, addressOf(answerer).port])
  t.is(req.socket, answerer.io.serverSocket)
  req.reply(Buffer.alloc(0))
  t.alike((await pending).value, Buffer.alloc(0), 'empty is not null')
  t.is((await asker.ping(req.to)).from.port, req.to.port, 'its addresses can be asked')
})

both('surface: reply and error add tokens and closer nodes as told', async (t, Class) => {
  const [first, answerer, asker] = (await startNetwork(t, Class, 3)) as [DHT, DHT, DHT]
  t.ok(first)
  const table: [answer: (req: Request) => void, token: boolean, closer: boolean, error: number][] = [
    [(req) => req.reply(null), true, true, 0],
    [(req) => req.reply(null, { token: false }), false, true, 0],
    [(req) => req.reply(null, { closerNodes: false }), true, false, 0],
    [(req) => req.reply(null, { to: null, socket: null }), true, true, 0],
    [(req) => req.reply(null, { to: undefined, socket: undefined }), true, true, 0],
    [(req) => req.error(20), false, true, 20],
    [(req) => req.error(20, { token: true }), true, true, 20],
    [(req) => req.error(20, { closerNodes: false }), false, false, 20],
  ]
  let answer = table[0]![0]
  answerer.onrequest = (req) => (answer(req), true)
  for (const [next, token, closer, error] of table) {
    answer = next
    const reply = await asker.request({ command: 2, target: TARGET }, addressOf(answerer))
    t.alike([reply.token !== null, reply.closerNodes !== null, reply.error], [token, closer, error], String(next))
  }
  const noTarget = await asker.request({ command: 2 }, addressOf(answerer))
  t.is(noTarget.closerNodes, null)
})

both(
  'surface: a token that reaches the hook is verified; a wrong one is answered with error 2 and a fresh one',
  async (t, Class) => {
    const [first, answerer] = (await startNetwork(t, Class, 2)) as [DHT, DHT]
    const asker = await startClient(t, Class, first)
    const tokens: (Uint8Array | null)[] = []
    answerer.on('request', (req) => {
      tokens.push(req.token)
      req.reply(null)
    })
    const ask = (token: Uint8Array | null) => asker.request({ command: 4, target: TARGET, token }, addressOf(answerer))
    const { token } = await ask(null)
    t.is((await ask(token)).error, 0)
    t.alike(tokens, [null, token])
    const refused = await ask(Buffer.alloc(32, 1))
    t.is(refused.error, 2)
    t.is(tokens.length, 2, 'it did not get to the hook')
    t.is((await ask(refused.token)).error, 0)
  },
)

both('surface: relay: a asks b, b passes it on to c, c answers a', async (t, Class) => {
  const [first, b, c] = (await startNetwork(t, Class, 3)) as [DHT, DHT, DHT]
  const a = await startClient(t, Class, first)
  let asker: { host: string; port: number } | null = null
  b.on('request', (req) => {
    asker = { host: req.from.host, port: req.from.port }
    req.relay(Buffer.from('from b'), addressOf(c))
  })
  const relayed = nextRequest(c)
  const pending = a.request({ command: 8, target: TARGET, value: Buffer.from('from a') }, addressOf(b))
  const req = await relayed
  t.alike([req.command, req.target, req.value, req.token], [8, TARGET, Buffer.from('from b'), null])
  t.alike([req.from.host, req.from.port], [HOST, addressOf(b).port])
  req.reply(Buffer.from('from c'), { to: asker! })
  const reply = await pending
  t.alike(reply.value, Buffer.from('from c'))
  t.is(reply.from.port, addressOf(c).port, 'by its own address')
  t.is(reply.tid, req.tid)
})

test('surface: only requests of the application may be answered by others, with the right transaction id', async (t) => {
  const first = await startBootstrapper(t, DHT)
  const asker = await startClient(t, DHT, first)
  const asked = await RawSocket.open(t)
  const stranger = await RawSocket.open(t)
  const { port } = asker.io.clientSocket!.address()!
  const answerTo = (request: Uint8Array, flip = 0) =>
    b4a.concat([b4a.from([0x13, 0, request[2]!, request[3]! ^ flip]), b4a.from('7f0000010000', 'hex')])

  const ping = rejectionOf(asker.ping(asked.address, { retry: false }))
  await stranger.send(answerTo(await asked.next('the ping')), port)
  t.is(codeOf(await ping), 'REQUEST_TIMEOUT')

  const walk = asker.findNode(TARGET, { nodes: [asked.address], onlyClosestNodes: true, retries: 0 })
  const walked = walk.finished()
  await stranger.send(answerTo(await asked.next('the FIND_NODE')), port)
  await walked
  t.is(walk.successes, 0)

  const request = asker.request({ command: 1 }, asked.address)
  const datagram = await asked.next('the request')
  await stranger.send(answerTo(datagram, 1), port)
  await stranger.send(answerTo(datagram), port)
  t.is((await request).from.port, stranger.address.port)

  const strict = await startClient(t, DHT, first, { acceptRelayed: false })
  const refused = rejectionOf(strict.request({ command: 1 }, asked.address, { retry: false }))
  await stranger.send(answerTo(await asked.next('the other request')), strict.io.clientSocket!.address()!.port)
  t.is(codeOf(await refused), 'REQUEST_TIMEOUT')
})

both('surface: the id is told on the server socket of a persistent node only', async (t, Class) => {
  const [first, answerer, persistent] = (await startNetwork(t, Class, 3)) as [DHT, DHT, DHT]
  const ephemeral = await startClient(t, Class, first, { firewalled: false })
  const ids: (Uint8Array | null)[] = []
  answerer.on('request', (req) => {
    ids.push(req.from.id)
    req.reply(null)
  })
  await persistent.request({ command: 1 }, addressOf(answerer))
  await persistent.request({ command: 1 }, addressOf(answerer), { socket: persistent.io.clientSocket })
  await persistent.request({ command: 1 }, addressOf(answerer), { socket: openPoolSocket(t, persistent) })
  await ephemeral.request({ command: 1 }, addressOf(answerer))
  t.alike(ids, [persistent.id, null, null, null])
})

both('surface: an id that is not the hash of the address counts for nothing', async (t, Class) => {
  const [, node] = (await startNetwork(t, Class, 2)) as [DHT, DHT]
  const liar = await RawSocket.open(t)
  const got = nextRequest(node)
  const request = b4a.concat([
    b4a.from('03010102', 'hex'),
    b4a.from('7f0000010000', 'hex'),
    b4a.alloc(32, 3),
    b4a.from([5]),
  ])
  await liar.send(request, addressOf(node).port)
  t.is((await got).from.id, null)
})

both('surface: probes of one byte and other garbage are ignored on all sockets', async (t, Class) => {
  const [first, node] = (await startNetwork(t, Class, 2)) as [DHT, DHT]
  const raw = await RawSocket.open(t)
  node.on('request', () => t.fail('no request'))
  for (const socket of [node.io.serverSocket!, node.io.clientSocket!]) {
    for (const hex of ['00', '03', '13', '0000', 'ffff', '03ff', '130000', '03000000000000000000']) {
      await raw.send(b4a.from(hex, 'hex'), socket.address()!.port)
    }
    t.alike(await raw.settled(socket.address()!.port), [], 'no answer')
  }
  t.is((await first.ping(addressOf(node))).error, 0)
})

both('surface: datagrams of a socket of the application are taken as those of its own', async (t, Class) => {
  const [first, node] = (await startNetwork(t, Class, 2)) as [DHT, DHT]
  const asker = await startClient(t, Class, first)
  const socket = openPoolSocket(t, node)
  const { port } = socket.address()!
  const got = nextRequest(node)
  const pending = asker.request({ command: 6 }, { host: HOST, port })
  const req = await got
  t.is(req.socket, socket)
  req.reply(Buffer.from('by the pool'))
  const reply = await pending
  t.is(reply.from.port, port)
  t.is(reply.from.id, null)
  t.alike(reply.value, Buffer.from('by the pool'))
})

both('surface: onmessage never throws', (t, Class) => {
  const node = new Class({ bootstrap: [], host: HOST })
  t.teardown(() => node.destroy())
  const socket = { trySend() {}, address: () => null, close: async () => {} }
  for (const hex of ['0000', '03', '1300', '03ffffffffff', '130400007f0000010000feffffffff', 'ff'.repeat(60)]) {
    t.is(
      errorOf(() => node.onmessage(socket, b4a.from(hex, 'hex'), { host: HOST, port: 1 })),
      null,
      hex,
    )
  }
})

both('surface: requests can be sent from another socket, and to anything with an address', async (t, Class) => {
  const [first, node] = (await startNetwork(t, Class, 2)) as [DHT, DHT]
  const asker = await startClient(t, Class, first)
  node.on('request', (req) => req.reply(b4a.from(String(req.from.port))))
  const socket = openPoolSocket(t, asker)
  const reply = await asker.request({ command: 1 }, node, { socket })
  t.is(Buffer.from(reply.value!).toString(), String(socket.address()!.port))
  for (const option of [null, undefined]) {
    const other = await asker.request({ command: 1 }, reply.from, { socket: option, session: option })
    t.is(Buffer.from(other.value!).toString(), String(asker.socket!.address()!.port))
  }
  t.is((await asker.ping(node, { size: 100, ttl: 64, retry: false })).error, 0)
})

both('surface: a request that nobody answers is repeated three times, or not at all', async (t, Class) => {
  const first = await startBootstrapper(t, Class)
  const asker = await startClient(t, Class, first)
  const silent = await RawSocket.open(t)
  t.is(codeOf(await rejectionOf(asker.request({ command: 1 }, silent.address, { retry: false }))), 'REQUEST_TIMEOUT')
  t.is(silent.received.length, 1)
  const error = await rejectionOf(asker.request({ command: 1 }, silent.address))
  t.is(codeOf(error), 'REQUEST_TIMEOUT')
  t.is(error?.message, 'REQUEST_TIMEOUT: Request timed out')
  t.is(silent.received.length, 5)
})

both('surface: a session fails what is in flight with exactly the error given', async (t, Class) => {
  const first = await startBootstrapper(t, Class)
  const asker = await startClient(t, Class, first)
  const silent = await RawSocket.open(t)
  const session = asker.session()
  const own = new Error('mine')
  let pending = [session.ping(silent.address), session.request({ command: 1 }, silent.address)].map(rejectionOf)
  const outside = asker.ping(addressOf(first))
  session.destroy(own)
  t.alike(
    (await Promise.all(pending)).map((error) => error === own),
    [true, true],
  )
  t.is((await outside).error, 0, 'others are left alone')
  pending = [rejectionOf(session.request({ command: 1 }, silent.address))]
  session.destroy()
  t.is(codeOf(await pending[0]!), 'REQUEST_DESTROYED')
  t.is((await session.ping(addressOf(first))).error, 0, 'it can be used again')
})

both('surface: delayedPing is late by as much, and throws above the limit', async (t, Class) => {
  const first = await startBootstrapper(t, Class)
  const asker = await startClient(t, Class, first)
  const before = performance.now()
  t.is((await asker.delayedPing(addressOf(first), 60)).error, 0)
  t.ok(performance.now() - before >= 55)
  const error = errorOf(() => asker.delayedPing(addressOf(first), 10_001))
  t.is(error?.message, 'Delay exceeds max delay: 10000ms')
  t.is(error?.constructor, Error)
})

both('surface: bad arguments of requests reject, and do not throw', async (t, Class) => {
  const node = await startBootstrapper(t, Class)
  const bad: (() => Promise<unknown>)[] = [
    () => node.ping({ host: 'name', port: 1 }),
    () => node.ping({ host: null, port: 1 }),
    () => node.request({} as never, addressOf(node)),
    () => node.request({ command: -1 }, addressOf(node)),
  ]
  for (const call of bad) t.ok((await rejectionOf(call())) instanceof Error)
})

both('surface: _tid counts the requests made', async (t, Class) => {
  const first = await startBootstrapper(t, Class)
  const asker = await startClient(t, Class, first)
  const before = { tid: asker.io._tid, requests: asker.stats.requests.total }
  await asker.ping(addressOf(first))
  await asker.request({ command: 1 }, addressOf(first))
  // Beside these two it may just have asked something for itself.
  const requests = asker.stats.requests.total - before.requests
  t.ok(requests >= 2)
  t.is((asker.io._tid - before.tid + 65536) % 65536, requests)
})
