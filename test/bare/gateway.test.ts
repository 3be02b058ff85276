/** The option `gateway` where there may be no WebSocket. */
import test from 'brittle'
import { DHT, DHTError, type GatewayOptions } from 'xorpc'

const HAS_WEBSOCKET = !('Bare' in globalThis)

/** Nobody listens there. */
const url = 'ws://127.0.0.1:9/'

/** A gateway that lets nobody in, over connections of the test's own. */
function refusingGateway(opened: string[]): GatewayOptions {
  return {
    url,
    openLink: (to, _protocols, events) => {
      opened.push(to)
      queueMicrotask(() => events.onClose(4403, 'not you'))
      return { send() {}, close() {}, bufferedBytes: 0 }
    },
  }
}

test('gateway: where there is no WebSocket a node says so at once', async (t) => {
  const create = (): DHT => new DHT({ gateway: url, bootstrap: [] })
  if (!HAS_WEBSOCKET) {
    void t.exception.all(create, /This runtime has no WebSocket, which the option gateway needs; see gateway\.openLink/)
    void t.exception.all(create, TypeError)
    return
  }
  const node = create()
  await node.destroy()
  t.ok(node.destroyed)
})

test('gateway: it takes another implementation of connections', async (t) => {
  const opened: string[] = []
  const node = new DHT({ gateway: refusingGateway(opened), bootstrap: [] })
  t.teardown(() => node.destroy())
  const error = await node.fullyBootstrapped().then(
    () => null,
    (reason: unknown) => reason,
  )
  t.alike(opened, [url])
  t.ok(error instanceof DHTError && error.code === 'BIND_FAILED' && /not you/.test(error.message), String(error))
})
