/**
 * What is sent over a real connection to a real gateway: messages that are none of the tunnel's, and bytes that are no
 * WebSocket frames. test/fuzz has the messages by the million, on virtual time.
 */
import test, { type Assert } from 'brittle'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import WebSocket from 'ws'
import { Gateway } from '../../lib/gateway/index.js'
import { SeededRandom } from '../../lib/simulation/seeded-random.js'
import { SUBPROTOCOL } from '../../lib/transport/tunnel/messages.js'
import { CLOSE } from '../../lib/transport/tunnel/refusal.js'
import { loadCorpus, loadFrames } from '../fuzz/corpus.js'
import { KINDS } from '../fuzz/datagrams.js'
import { FrameSource } from '../fuzz/frames.js'
import { untilTurn } from './harness.js'

const HELLO = Uint8Array.of(1, 1, 0, 0, 1, 0, 0)

async function start(t: Assert): Promise<{ gateway: Gateway; url: string; port: number }> {
  const unlimited = { connectionsPerMinute: Infinity, maxConnectionsPerAddress: 1000 }
  const gateway = new Gateway({ host: '127.0.0.1', allow: ['loopback'], graceMs: 0, ...unlimited })
  t.teardown(() => gateway.close({ withinMs: 0 }))
  return { gateway, ...(await gateway.listen()) }
}

/** Whether somebody who behaves is welcomed. */
async function serves(url: string): Promise<boolean> {
  const socket = new WebSocket(url, [SUBPROTOCOL])
  await once(socket, 'open')
  socket.send(HELLO)
  const [message] = (await once(socket, 'message')) as [Buffer]
  socket.close(1000)
  await once(socket, 'close')
  return message[0] === 0x81
}

test('garbage: messages that are none of the tunnel’s end their connections with a code, and nobody else’s', async (t) => {
  const { gateway, url } = await start(t)
  const source = new FrameSource(new SeededRandom(5), loadCorpus(), loadFrames(), [{ host: '127.0.0.1', port: 2000 }])
  const codes = new Map<number, number>()
  for (let i = 0; i < 150; i++) {
    const socket = new WebSocket(url, [SUBPROTOCOL])
    const closed = once(socket, 'close')
    await once(socket, 'open')
    if (i % 3 > 0) socket.send(HELLO)
    for (let n = 0; n < 8; n++) {
      const bytes = source.fromClient(KINDS[n % KINDS.length]!, { consumed: 0, ticket: null })
      if (bytes === null) socket.send('a text')
      else socket.send(bytes)
    }
    // The last of all is none: where nothing before was wrong, this is.
    socket.send(Uint8Array.of(0xff, 1))
    const [code] = (await closed) as [number]
    codes.set(code, (codes.get(code) ?? 0) + 1)
  }
  const known: number[] = [CLOSE.malformed, CLOSE.version, CLOSE.overload]
  t.alike(
    [...codes.keys()].filter((code) => !known.includes(code)),
    [],
  )
  t.ok(codes.get(CLOSE.malformed)! > 100, JSON.stringify([...codes]))
  t.ok(await serves(url), 'who behaves is served')
  t.ok(await untilTurn(() => gateway.stats.connections.open === 0))
  t.is(gateway.stats.sessions.open, 0)
  t.ok(await untilTurn(() => gateway.stats.sockets === 0))
})

/** An upgraded connection, in the raw. */
async function openRaw(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  const head = [
    'GET / HTTP/1.1',
    'Host: 127.0.0.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${Buffer.alloc(16, 7).toString('base64')}`,
    `Sec-WebSocket-Protocol: ${SUBPROTOCOL}`,
  ]
  socket.write(`${head.join('\r\n')}\r\n\r\n`)
  await once(socket, 'data')
  return socket
}

test('garbage: bytes that are no WebSocket frames cost their connection, and nothing else', async (t) => {
  const { gateway, url, port } = await start(t)
  const random = new SeededRandom(6)
  for (let i = 0; i < 100; i++) {
    const socket = await openRaw(port)
    const bytes = random.bytes(2 + random.below(300))
    // Often with a first byte that is one of a frame's: a whole message, a part of one, a close, a ping.
    if (i % 4 > 0) bytes[0] = random.pick([0x82, 0x02, 0x80, 0x88, 0x89, 0x81])
    socket.write(bytes)
    socket.end()
    socket.resume()
    await once(socket, 'close')
  }
  t.is(gateway.stats.connections.accepted, 100)
  t.ok(await serves(url), 'who behaves is served')
  t.ok(await untilTurn(() => gateway.stats.connections.open === 0))
  t.is(gateway.stats.sessions.open, 0)
  const { framing = 0 } = gateway.stats.connections.closed
  t.ok(framing > 50 && framing <= 100, `${framing} ended for what they sent`)
})
