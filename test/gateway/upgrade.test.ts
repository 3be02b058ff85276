import test, { type Assert } from 'brittle'
import { once } from 'node:events'
import { createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import WebSocket from 'ws'
import {
  type AuthorizationRequest,
  Gateway,
  type GatewayServerOptions,
  type ListenOptions,
} from '../../lib/gateway/index.js'
import { SUBPROTOCOL } from '../../lib/transport/tunnel/messages.js'
import { encodeToken } from '../../lib/transport/tunnel/token.js'
import { untilTurn } from './harness.js'

interface ConnectOptions {
  protocols?: string[]
  origin?: string
  headers?: Record<string, string>
  localAddress?: string
}

async function start(t: Assert, options: GatewayServerOptions = {}, listen: ListenOptions = {}) {
  const gateway = new Gateway({ host: '127.0.0.1', allow: ['loopback'], ...options })
  t.teardown(() => gateway.close({ withinMs: 0 }))
  const { url, port } = await gateway.listen(0, '127.0.0.1', listen)
  return { gateway, url, port }
}

function connect(t: Assert, url: string, { protocols = [SUBPROTOCOL], ...options }: ConnectOptions = {}) {
  const socket = new WebSocket(url, protocols, options)
  t.teardown(() => socket.terminate())
  socket.on('error', () => {})
  return socket
}

/** What becomes of a connection: `open`, a close code with its reason, or `failed`. */
async function outcome(socket: WebSocket): Promise<string> {
  const closed = new Promise<[number, Buffer]>((resolve) => {
    socket.once('close', (code, reason) => resolve([code, reason]))
  })
  const opened = new Promise<boolean>((resolve) => {
    socket.once('open', () => resolve(true))
    void closed.then(() => resolve(false))
  })
  if (!(await opened)) return 'failed'
  // A refusal follows at once; who is let in is asked for nothing, and hears nothing.
  socket.send(Uint8Array.of(1, 1, 0, 0, 1, 0, 0))
  const welcomed = new Promise<string>((resolve) => socket.once('message', () => resolve('open')))
  return Promise.race([welcomed, closed.then(([code, reason]) => `${code} ${reason.toString()}`)])
}

test('upgrade: pages of other hosts are refused, and told so', async (t) => {
  const { gateway, url, port } = await start(t)
  const refusals: string[] = []
  gateway.on('refusal', (reason, { origin, address }) => void refusals.push(`${reason} ${origin} ${address}`))
  t.is(await outcome(connect(t, url, { origin: 'https://evil.example' })), '4403 no pages of https://evil.example')
  t.is(await outcome(connect(t, url, { origin: `http://127.0.0.1:${port}` })), 'open')
  t.is(await outcome(connect(t, url)), 'open', 'programs have no origin')
  t.alike(refusals, ['origin https://evil.example 127.0.0.1'])
  t.is(gateway.stats.connections.refused.origin, 1)
  t.is(gateway.stats.connections.accepted, 2)
})

test('upgrade: the authorization hook sees token, cookies, headers and address', async (t) => {
  const seen: AuthorizationRequest[] = []
  const authorize = (request: AuthorizationRequest): boolean => {
    seen.push(request)
    return request.token === 'sésame' || request.cookies.sid === 'yes'
  }
  const { url } = await start(t, { authorize, origins: '*' })
  const token = await encodeToken('sésame')
  t.is(await outcome(connect(t, `${url}?room=1`, { protocols: [SUBPROTOCOL, `xorpc.token.${token}`] })), 'open')
  t.is(
    await outcome(connect(t, url, { headers: { authorization: 'Bearer sésame'.replace('é', 'e') } })),
    '4401 unauthorized',
  )
  t.is(await outcome(connect(t, url, { headers: { cookie: 'a=1; sid=yes' }, origin: 'https://app.example' })), 'open')
  t.is(await outcome(connect(t, url)), '4401 unauthorized')
  t.is(seen[0]!.url, '/?room=1')
  t.is(seen[0]!.address, '127.0.0.1')
  t.is(seen[1]!.token, 'sesame')
  t.is(seen[2]!.origin, 'https://app.example')
  t.alike({ ...seen[2]!.cookies }, { a: '1', sid: 'yes' })
  t.is(seen[3]!.token, null)
})

test('upgrade: the hook may take its time, give a reason, or fail', async (t) => {
  let answer: () => boolean | string | Promise<boolean | string> = () => 'pay first'
  const { gateway, url } = await start(t, { authorize: () => answer(), authorizeTimeoutMs: 50 })
  const errors: unknown[] = []
  gateway.on('authorize-error', (error) => void errors.push(error))
  t.is(await outcome(connect(t, url)), '4401 pay first')
  answer = () => 'x'.repeat(500)
  t.is((await outcome(connect(t, url))).length, 5 + 123, 'as much as a close frame holds')
  answer = () => Promise.reject(new Error('no database'))
  t.is(await outcome(connect(t, url)), '4401 authorization failed')
  t.is((errors[0] as Error).message, 'no database')
  answer = () => new Promise(() => {})
  t.is(await outcome(connect(t, url)), '4401 authorization took too long')
  answer = async () => true
  t.is(await outcome(connect(t, url)), 'open')
  t.is(gateway.stats.connections.refused.unauthorized, 4)
})

test('upgrade: a client that speaks another protocol is told which one is spoken', async (t) => {
  const { gateway, url } = await start(t)
  t.is(await outcome(connect(t, url, { protocols: ['xorpc.tunnel.99'] })), '4426 xorpc.tunnel.1 is spoken here')
  t.is(await outcome(connect(t, url, { protocols: [] })), '4426 xorpc.tunnel.1 is spoken here')
  t.is(gateway.stats.connections.refused.version, 2)
})

test('upgrade: of one address so many, behind a proxy of ours by what it says', async (t) => {
  const options = { maxConnectionsPerAddress: 1, trustedProxies: ['127.0.0.1'] }
  const { gateway, url } = await start(t, options)
  const from = (address: string) => ({ headers: { 'x-forwarded-for': `6.6.6.6, ${address}` } })
  t.is(await outcome(connect(t, url, from('20.0.0.1'))), 'open')
  t.is(await outcome(connect(t, url, from('20.0.0.1'))), '4429 too many connections of this address')
  t.is(await outcome(connect(t, url, from('20.0.0.2'))), 'open')
  t.is(gateway.stats.connections.refused.tooMany, 1)
})

test('upgrade: a proxy that is not in trustedProxies is told of once, and counted', async (t) => {
  const { gateway, url } = await start(t, { maxConnectionsPerAddress: 1 })
  const warnings: unknown[] = []
  gateway.on('proxy-warning', (warning) => void warnings.push(warning))
  const from = (address: string) => ({ headers: { 'x-forwarded-for': address } })
  t.is(await outcome(connect(t, url, from('20.0.0.1'))), 'open')
  t.is(await outcome(connect(t, url, from('20.0.0.2'))), '4429 too many connections of this address')
  t.is(await outcome(connect(t, url)), '4429 too many connections of this address', 'also without one')
  t.alike(warnings, [{ address: '127.0.0.1', header: 'x-forwarded-for' }])
  t.is(gateway.stats.connections.unheardProxies, 2)
  t.ok(gateway.metrics().includes('xorpc_gateway_unheard_proxies_total 2'))
})

test('upgrade: whoever sends such headers from everywhere is told of a few times only', async (t) => {
  const { gateway, url } = await start(t)
  const warnings: string[] = []
  gateway.on('proxy-warning', ({ address }) => void warnings.push(address))
  for (let i = 1; i <= 20; i++) {
    const socket = connect(t, url, { headers: { forwarded: 'for=1.2.3.4' }, localAddress: `127.0.0.${i}` })
    t.is(await outcome(socket), 'open')
  }
  t.is(warnings.length, 16)
  t.is(new Set(warnings).size, 16)
  t.is(gateway.stats.connections.unheardProxies, 20)
})

test('upgrade: a full gateway says so', async (t) => {
  const { gateway, url } = await start(t, { maxConnections: 1 })
  t.is(await outcome(connect(t, url)), 'open')
  t.is(await outcome(connect(t, url)), '4503 the gateway is full')
  t.is(gateway.stats.connections.refused.full, 1)
})

test('upgrade: a place is free again after the connection, also one that broke', async (t) => {
  const { gateway, url } = await start(t, { maxConnections: 1, graceMs: 0 })
  const first = connect(t, url)
  t.is(await outcome(first), 'open')
  first.terminate()
  t.ok(await untilTurn(() => gateway.stats.connections.open === 0))
  t.is(await outcome(connect(t, url)), 'open')
})

test('upgrade: a message that is too long, or a text, ends the connection', async (t) => {
  const { gateway, url } = await start(t)
  const long = connect(t, url)
  await once(long, 'open')
  long.send(new Uint8Array(65_537))
  const [code] = (await once(long, 'close')) as [number]
  t.is(code, 1009)
  const text = connect(t, url)
  await once(text, 'open')
  text.send('hello')
  const [textCode] = (await once(text, 'close')) as [number]
  t.is(textCode, 4400)
  t.ok(await untilTurn(() => gateway.stats.connections.open === 0))
  t.alike(gateway.stats.connections.closed, { tooLong: 1, malformed: 1 }, 'both are counted')
  t.ok(gateway.metrics().includes('xorpc_gateway_connections_closed_total{reason="tooLong"} 1'))
})

test('upgrade: attached to a server of yours it takes its own path, and leaves everything else alone', async (t) => {
  const server = createServer((_, response) => response.end('a page'))
  server.on('upgrade', (request, socket) => {
    if (request.url === '/other') socket.end('HTTP/1.1 418 Teapot\r\n\r\n')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const gateway = new Gateway({ host: '127.0.0.1', allow: ['loopback'] })
  t.is(gateway.attach(server, { path: '/dht' }), gateway)
  gateway.attach(server, { path: '/dht' })
  t.is(await outcome(connect(t, `ws://127.0.0.1:${port}/dht?x`)), 'open')
  t.is(await outcome(connect(t, `ws://127.0.0.1:${port}/other`)), 'failed')
  t.is(gateway.stats.connections.accepted, 1)
  await gateway.close({ withinMs: 0 })
  t.ok(server.listening, 'the server goes on')
  t.is(server.listenerCount('upgrade'), 1)
})

test('upgrade: by itself it answers plain requests with 426, or as you like', async (t) => {
  const statusOf = (port: number): Promise<number> =>
    new Promise((resolve, reject) => {
      get({ port, host: '127.0.0.1', agent: false }, (response) => {
        response.resume()
        resolve(response.statusCode!)
      }).on('error', reject)
    })
  const { port } = await start(t)
  t.is(await statusOf(port), 426)
  const own = await start(t, {}, { onRequest: (_, response) => response.end('page') })
  t.is(await statusOf(own.port), 200)
  await t.exception(own.gateway.listen(), /is listening/)
})

test('upgrade: close asks the clients to go, waits, and leaves nothing behind', async (t) => {
  const { gateway, url } = await start(t)
  const polite = connect(t, url)
  t.is(await outcome(polite), 'open')
  polite.on('message', (data: Buffer) => {
    if (data[0] === 0x88) polite.close(1000)
  })
  const events: string[] = []
  gateway.on('close', () => void events.push('close'))
  gateway.on('disconnect', (_, done) => void events.push(`disconnect ${done}`))
  const closed = gateway.close({ withinMs: 10_000 })
  t.is(gateway.close(), closed)
  await closed
  t.alike(events, ['disconnect true', 'close'])
  t.is(gateway.stats.sockets, 0)
  await t.exception(gateway.listen(), /is closed/)
})

test('upgrade: close does not wait longer than it was told for those who stay', async (t) => {
  const { gateway, url } = await start(t)
  const stubborn = connect(t, url)
  t.is(await outcome(stubborn), 'open')
  const closed = once(stubborn, 'close') as Promise<[number]>
  await gateway.close({ withinMs: 20 })
  t.is((await closed)[0], 1001)
  t.is(gateway.stats.connections.open, 0)
})

test('upgrade: the metrics are a text that Prometheus reads', async (t) => {
  const { gateway, url } = await start(t)
  t.is(await outcome(connect(t, url)), 'open')
  const lines = gateway.metrics().trimEnd().split('\n')
  t.ok(lines.includes('xorpc_gateway_connections 1'))
  t.ok(lines.includes('xorpc_gateway_datagrams_refused_total{reason="ping-nat"} 0'))
  t.ok(lines.every((line) => /^(# TYPE \w+ (gauge|counter)|\w+(\{\w+="[\w-]+"\})? \d+)$/.test(line)))
})
