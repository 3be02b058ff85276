import test from 'brittle'
import { DHT } from '../../lib/node/dht.js'

test('bootstrapper: a taken port is an error, not the next port', async (t) => {
  const host = '127.0.0.1'
  const holder = new DHT({ host })
  t.teardown(() => holder.destroy())
  await holder.bind()
  const { port } = holder.serverSocket!.address()!
  const bootstrapper = DHT.bootstrapper(port, host, { host })
  t.teardown(() => bootstrapper.destroy())
  await t.exception(bootstrapper.fullyBootstrapped(), /BIND_FAILED/)
})
