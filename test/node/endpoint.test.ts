import test from 'brittle'
import { Endpoint, type EndpointOptions } from '../../lib/node/endpoint.js'
import { VirtualClock } from '../../lib/primitives/virtual-clock.js'
import type { Transport } from '../../lib/transport/contract.js'
import { SimulatedNetwork } from '../../lib/simulation/index.js'
import { rejectionOf } from '../helpers/errors.js'

const HOST = '20.0.0.1'

function create(options: Partial<EndpointOptions> = {}) {
  const network = new SimulatedNetwork({ clock: new VirtualClock() })
  const inner = network.transport(HOST)
  const attempts: number[] = []
  const transport: Transport = {
    // oxlint-disable-next-line typescript/no-misused-spread -- its methods are own properties
    ...inner,
    bind: (port, host, onDatagram) => {
      attempts.push(port)
      return inner.bind(port, host, onDatagram)
    },
  }
  const all = { host: '0.0.0.0', portRange: [0, 0] as const, anyPort: true, ...options }
  const endpoint = new Endpoint(transport, all, () => {})
  const take = (port: number) => inner.bind(port, HOST, () => {})
  return { network, endpoint, attempts, take }
}

test('endpoint: binds two sockets once, however often it is asked', async (t) => {
  const { network, endpoint } = create()
  t.is(endpoint.serverSocket, null)
  t.is(endpoint.serverPort, 0)
  const binding = endpoint.bind()
  t.is(endpoint.bind(), binding)
  await binding
  await endpoint.bind()
  t.is(network.boundSockets(), 2)
  t.not(endpoint.serverSocket, endpoint.clientSocket)
  t.is(endpoint.serverPort, endpoint.serverSocket!.address()!.port)
})

test('endpoint: takes the first free port of the range', async (t) => {
  const { endpoint, take, attempts } = create({ portRange: [10001, 10006] })
  await take(10001)
  await take(10002)
  await endpoint.bind()
  t.is(endpoint.serverPort, 10003)
  t.alike(attempts, [10001, 10002, 10003, 0])
})

test('endpoint: takes any port when the range is taken', async (t) => {
  const { endpoint, take } = create({ portRange: [10001, 10003] })
  await take(10001)
  await take(10002)
  await endpoint.bind()
  t.ok(endpoint.serverPort >= 49152)
})

test('W-C9: without anyPort the whole range is tried, then it fails', async (t) => {
  const { endpoint, take, attempts, network } = create({ portRange: [10001, 10003], anyPort: false })
  const first = await take(10001)
  await take(10002)
  await t.exception(endpoint.bind(), { code: 'BIND_FAILED' })
  t.alike(attempts, [10001, 10002])
  t.is(endpoint.serverSocket, null)
  t.is(network.boundSockets(), 2, 'nothing but what others hold')
  await endpoint.close()
  await first.close()
  await endpoint.bind()
  t.is(endpoint.serverPort, 10001, 'bound again after close')
})

test('endpoint: the error says what was tried, and why it failed', async (t) => {
  const { endpoint, take } = create({ portRange: [10001, 10002], anyPort: false })
  await take(10001)
  try {
    await endpoint.bind()
    t.fail('bound')
  } catch (error) {
    t.ok(/^BIND_FAILED: Could not bind port 10001 of 0.0.0.0: EADDRINUSE/.test((error as Error).message))
    t.is(((error as Error).cause as { code: string }).code, 'EADDRINUSE')
  }
})

test('endpoint: where any other port would do, the error does not speak of port 0', async (t) => {
  const refusing = (portRange: readonly [number, number], anyPort: boolean): Endpoint => {
    const network = new SimulatedNetwork({ clock: new VirtualClock() })
    const bind = (): Promise<never> => Promise.reject(new Error('no such host'))
    // oxlint-disable-next-line typescript/no-misused-spread -- its methods are own properties
    return new Endpoint({ ...network.transport(HOST), bind }, { host: HOST, portRange, anyPort }, () => {})
  }
  const messageOf = async (endpoint: Endpoint): Promise<string> => (await rejectionOf(endpoint.bind()))!.message
  const text = (ports: string): string => `BIND_FAILED: Could not bind ${ports} of ${HOST}: no such host`
  t.is(await messageOf(refusing([10001, 10006], true)), text('ports 10001 to 10005, or any other,'))
  t.is(await messageOf(refusing([10001, 10006], false)), text('ports 10001 to 10005'))
  t.is(await messageOf(refusing([0, 0], true)), text('any port'))
})

test('endpoint: a client socket that cannot be had closes the server socket', async (t) => {
  const network = new SimulatedNetwork({ clock: new VirtualClock() })
  const inner = network.transport(HOST)
  let binds = 0
  const transport: Transport = {
    // oxlint-disable-next-line typescript/no-misused-spread -- its methods are own properties
    ...inner,
    bind: (port, host, onDatagram) =>
      ++binds > 1 ? Promise.reject(new Error('no more sockets')) : inner.bind(port, host, onDatagram),
  }
  const endpoint = new Endpoint(transport, { host: '0.0.0.0', portRange: [0, 0], anyPort: true }, () => {})
  await t.exception(endpoint.bind(), { code: 'BIND_FAILED' })
  t.is(network.boundSockets(), 0)
})

test('endpoint: after closing, the same ports are tried first', async (t) => {
  const { endpoint, network, attempts, take } = create({ portRange: [10001, 10006] })
  await take(10001)
  await endpoint.bind()
  const serverPort = endpoint.serverPort
  const clientPort = endpoint.clientSocket!.address()!.port
  await endpoint.close()
  await endpoint.close()
  t.is(network.boundSockets(), 1)
  t.is(endpoint.serverSocket, null)
  t.is(endpoint.serverPort, serverPort, 'kept')
  attempts.length = 0
  await endpoint.bind()
  t.is(endpoint.serverPort, serverPort)
  t.is(endpoint.clientSocket!.address()!.port, clientPort)
  t.alike(attempts, [serverPort, clientPort])
})

test('endpoint: ports that were taken meanwhile are given up for others', async (t) => {
  const { endpoint, take } = create({ portRange: [10001, 10006] })
  await endpoint.bind()
  const clientPort = endpoint.clientSocket!.address()!.port
  await endpoint.close()
  await take(10001)
  await take(clientPort)
  await endpoint.bind()
  t.is(endpoint.serverPort, 10002)
  t.not(endpoint.clientSocket!.address()!.port, clientPort)
})

test('endpoint: closing waits for a binding under way', async (t) => {
  const { endpoint, network } = create()
  const binding = endpoint.bind()
  await endpoint.close()
  await binding
  t.is(network.boundSockets(), 0)
  t.is(endpoint.serverSocket, null)
})

test('endpoint: closing what was never bound, or could not be, is harmless', async (t) => {
  const { endpoint } = create()
  await t.execution(endpoint.close())
  const failing = create({ portRange: [10001, 10002], anyPort: false })
  await failing.take(10001)
  failing.endpoint.bind().catch(() => {})
  await t.execution(failing.endpoint.close())
})
