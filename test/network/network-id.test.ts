/** Private networks on real sockets, beside a public one. */
import test from 'brittle'
import { once } from 'node:events'
import { createSocket } from 'node:dgram'
import { DHT } from '../../index.js'
import { freePort, HOST, startBootstrapper, startNode } from '../helpers/nodes.js'

test('network id: on UDP sockets, with a public network of dht-rpc beside it', { timeout: 60_000 }, async (t) => {
  const theirs = await startBootstrapper(t, 'theirs')
  const shared = { host: HOST, port: theirs.localAddress()!.port }
  const startPrivate = async (networkId: string, bootstrap: { host: string; port: number }[]): Promise<DHT> => {
    const options = { host: HOST, ephemeral: false, firewalled: false, networkId, bootstrap }
    const node = bootstrap.length > 1 ? new DHT(options) : DHT.bootstrapper(await freePort(), HOST, options)
    t.teardown(() => node.destroy())
    await node.ready()
    return node
  }
  const one = await startPrivate('one', [shared])
  const oneAt = { host: HOST, port: one.localAddress()!.port }
  const two = await startPrivate('two', [shared, oneAt])
  const second = await startPrivate('one', [shared, oneAt])
  const [ours, guest] = [await startNode(t, 'ours', [theirs]), await startNode(t, 'theirs', [theirs])]
  t.alike(
    second.toArray().map(({ port }) => port),
    [oneAt.port],
  )
  t.is(two.table.size, 0)
  t.is((await second.ping(oneAt)).error, 0)
  const ask = async (node: { ping: DHT['ping'] }, to: { host: string; port: number }): Promise<string> =>
    node.ping(to, { retry: false }).then(
      () => 'answered',
      (error: { code: string }) => error.code,
    )
  t.is(await ask(one, shared), 'REQUEST_TIMEOUT')
  t.is(await ask(guest as unknown as DHT, oneAt), 'REQUEST_TIMEOUT')
  t.is(await ask(ours as unknown as DHT, oneAt), 'REQUEST_TIMEOUT')
  const known = [theirs, ours, guest].flatMap((node) => node.toArray().map(({ port }) => port))
  t.ok(known.length > 0)
  for (const node of [one, two, second]) t.absent(known.includes(node.localAddress()!.port))
})

test('network id: on the wire, every datagram of a private node is sealed', async (t) => {
  const socket = createSocket('udp4').bind(0, HOST)
  t.teardown(() => socket.close())
  await once(socket, 'listening')
  const seen: number[] = []
  socket.on('message', (bytes) => seen.push(bytes[0]!))
  const node = new DHT({ host: HOST, bootstrap: [{ host: HOST, port: socket.address().port }], networkId: 'one' })
  t.teardown(() => node.destroy())
  await node.ready()
  t.ok(seen.length > 0)
  t.ok(seen.every((first) => first === 0x78))
})
