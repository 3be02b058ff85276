/** Datagrams of real sockets: what is received in a buffer of the runtime, and what does not fit in one. */
import test from 'brittle'
import b4a from 'b4a'
import DHT from '../../index.js'
import { RawSocket } from '../helpers/raw-socket.js'
import { errorOf } from '../helpers/errors.js'
import { requestTo, unaccounted } from './attacker.js'

const LOOPBACK = '127.0.0.1'

test('W-P10: a value that is kept does not keep the buffer it was received in', async (t) => {
  const node = new DHT({ host: LOOPBACK, bootstrap: false, ephemeral: true })
  const other = new DHT({ host: LOOPBACK, bootstrap: false, ephemeral: true })
  t.teardown(() => Promise.all([node.destroy(), other.destroy()]))
  await Promise.all([node.fullyBootstrapped(), other.fullyBootstrapped()])
  const to = { host: LOOPBACK, port: other.serverSocket!.address()!.port }
  const kept: Uint8Array[] = []
  other.on('request', (req) => {
    kept.push(req.value!, req.target!)
    req.reply(req.value)
  })
  const first = await node.request({ command: 7, target: b4a.alloc(32, 1), value: b4a.from('first') }, to)
  kept.push(first.value!, first.token!)
  const second = await node.request({ command: 7, target: b4a.alloc(32, 2), value: b4a.from('other') }, to)
  t.alike([b4a.toString(kept[0]!), b4a.toString(first.value!)], ['first', 'first'], 'later datagrams do not change it')
  t.is(b4a.toString(second.value!), 'other')
  // Small copies share the 8 kB pool of the runtime; udx's slab has 64 kB and more.
  for (const bytes of kept) {
    t.ok(bytes.buffer.byteLength <= Buffer.poolSize, `${bytes.length} bytes hold ${bytes.buffer.byteLength}`)
  }
})

test('W-P13: a datagram that was cut off at 2048 bytes is dropped as malformed, and we send no longer ones', async (t) => {
  const node = new DHT({ host: LOOPBACK, bootstrap: false, ephemeral: true })
  t.teardown(() => node.destroy())
  await node.fullyBootstrapped()
  const { port } = node.serverSocket!.address()!
  const raw = await RawSocket.open(t)
  const to = { host: LOOPBACK, port }
  for (const sizeBytes of [2048, 2049, 4000]) {
    const value = b4a.alloc(sizeBytes - requestTo(to, { value: b4a.alloc(300) }).length + 300)
    const bytes = requestTo(to, { value })
    t.is(bytes.length, sizeBytes)
    await raw.send(bytes, port)
    t.is((await raw.settled(port)).length, sizeBytes === 2048 ? 1 : 0, `${sizeBytes} bytes`)
  }
  t.is(node.stats.datagrams.dropped.malformed, 2)
  t.is(unaccounted(node), 0)
  t.ok(errorOf(() => node.request({ command: 7, value: b4a.alloc(2048) }, to)) instanceof RangeError)
  t.ok(errorOf(() => node.ping(to, { size: 2048 })) instanceof RangeError)
})
