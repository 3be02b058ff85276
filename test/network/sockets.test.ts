/** The parts of the API that depend on what real sockets do. */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import test, { type Assert } from 'brittle'
import NativeUDX from 'udx-native'
import { DHT, DHTError, type DHTOptions, type Udx } from '../../index.js'
import { freePort, HOST } from '../helpers/nodes.js'
import { until } from '../helpers/until.js'
import { startNetwork } from './network.js'

const UDX = NativeUDX as new () => Udx

function create(t: Assert, options: DHTOptions): DHT {
  const node = new DHT({ host: HOST, bootstrap: [], ...options })
  t.teardown(() => node.destroy())
  return node
}

async function occupy(t: Assert, port: number): Promise<Socket> {
  const socket = createSocket('udp4')
  socket.bind(port, HOST)
  await once(socket, 'listening')
  t.teardown(() => socket.close())
  return socket
}

/** A free port with free ones above it, as far as that can be told; tests that need it retry. */
async function startRange(t: Assert, taken: number): Promise<number> {
  for (;;) {
    const port = await freePort()
    if (port > 65_000) continue
    try {
      for (let i = 0; i < taken; i++) await occupy(t, port + i)
      return port
    } catch {
      // Somebody has one of these.
    }
  }
}

async function bindError(node: DHT): Promise<DHTError> {
  try {
    await node.bind()
  } catch (error) {
    if (error instanceof DHTError) return error
  }
  throw new Error('bound, or failed otherwise')
}

test('sockets: port n takes the first free port of five', async (t) => {
  const port = await startRange(t, 2)
  const node = create(t, { port })
  await node.bind()
  const { port: bound } = node.localAddress()!
  t.ok(bound >= port + 2 && bound < port + 5, `${bound} of ${port} to ${port + 4}`)
})

test('sockets: a range [from, to) takes its first free port', async (t) => {
  const port = await startRange(t, 1)
  const node = create(t, { port: [port, port + 3] })
  await node.bind()
  const { port: bound } = node.localAddress()!
  t.ok(bound > port && bound < port + 3)
})

test('sockets: with anyPort any port will do when the range is taken', async (t) => {
  const port = await startRange(t, 2)
  const node = create(t, { port: [port, port + 2] })
  await node.bind()
  t.absent([port, port + 1].includes(node.localAddress()!.port))
})

test('sockets: with anyPort false a taken range is BIND_FAILED, and the node can still be destroyed', async (t) => {
  const port = await startRange(t, 2)
  const node = create(t, { port: [port, port + 2], anyPort: false })
  const error = await bindError(node)
  t.is(error.code, 'BIND_FAILED')
  t.ok(error.message.includes(`${port}`), error.message)
  t.ok(error.cause instanceof Error, 'with the error of the system')
  await t.exception(node.fullyBootstrapped(), { code: 'BIND_FAILED' })
  t.is(node.localAddress(), null)
  await node.destroy()
  t.ok(node.destroyed)
})

test('sockets: with anyPort false the whole range is tried', async (t) => {
  const port = await startRange(t, 1)
  const node = create(t, { port: [port, port + 5], anyPort: false })
  await node.bind()
  t.ok(node.localAddress()!.port > port)
})

test('sockets: a bootstrapper whose port is taken says so', async (t) => {
  const port = await startRange(t, 1)
  const node = DHT.bootstrapper(port, HOST, { host: HOST, port: [port, port + 1] })
  t.teardown(() => node.destroy())
  await t.exception(node.fullyBootstrapped(), { code: 'BIND_FAILED' })
})

test('sockets: two nodes share the UDX of the caller, and so may sockets of its own', async (t) => {
  const udx = new UDX()
  const port = await freePort()
  const a = DHT.bootstrapper(port, HOST, { host: HOST, udx })
  const b = create(t, { udx, bootstrap: [`${HOST}:${port}`] })
  t.teardown(() => a.destroy())
  await b.fullyBootstrapped()
  t.is(a.udx, udx)
  t.is(b.udx, udx)
  const own = udx.createSocket()
  t.teardown(() => own.close())
  own.bind(0, HOST)
  own.on('message', (bytes, from) => b.onmessage(own, bytes, from))
  const reply = await b.ping({ host: HOST, port }, { socket: own })
  t.is(reply.to.port, own.address().port, 'it left from the socket of the caller')
  await a.destroy()
  t.is((await b.ping({ host: HOST, port: b.localAddress()!.port })).error, 0, 'the other one lives on')
})

test('sockets: toArray names the contacts, most recently heard first', async (t) => {
  const { nodes } = await startNetwork(t, 5, { batch: 1 })
  const node = nodes[1]!
  const ports = nodes.filter((other) => other !== node).map(({ port }) => port)
  // Who asks is pinged before it becomes a contact; the last pings may be under way still.
  await until(() => node.nodes.length === ports.length, 'it knows all others')
  t.alike(new Set(node.toArray().map(({ port }) => port)), new Set(ports))
  await node.ping(nodes[3]!)
  t.alike(node.toArray({ limit: 1 }), [{ host: nodes[3]!.host, port: nodes[3]!.port }])
  t.alike(node.toArray({ limit: 0 }), [])
  t.is(node.toArray().length, 5)
})

test('sockets: remoteAddress is where others reach a persistent node', async (t) => {
  const { nodes, options } = await startNetwork(t, 2)
  const [bootstrapper, node] = nodes as [DHT, DHT]
  t.alike(node.remoteAddress(), { host: options.host, port: node.localAddress()!.port })
  t.is((await bootstrapper.ping(node.remoteAddress()!)).error, 0)
  t.is(node.address()!.port, node.localAddress()!.port, 'requests leave from the same port')

  const client = create(t, { ...options, ephemeral: true, quickFirewall: false })
  t.is(client.localAddress(), null, 'nothing is known before it is bound')
  t.is(client.remoteAddress(), null)
  await client.fullyBootstrapped()
  t.is(client.remoteAddress(), null, 'a node that may be firewalled has none')
  t.ok(client.localAddress()!.port > 0)
  t.not(client.address()!.port, client.localAddress()!.port, 'requests leave from the other socket')
})
