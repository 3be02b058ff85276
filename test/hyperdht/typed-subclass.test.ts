/** What the compiler knows of a class that extends ours: that this file compiles is most of the test. */
import test from 'brittle'
import DHT from '../../lib/dht-rpc/index.js'
import type { DHTEvents, DHTOptions, Query, Reply, Request } from '../../lib/dht-rpc/index.js'

const HOST = '127.0.0.1'

/** Holds only for types that are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <T extends true>(value: T): T => value

interface CounterOptions extends DHTOptions {
  step?: number
}

class Counter extends DHT {
  readonly step: number
  count = 0

  constructor({ step = 1, ...options }: CounterOptions = {}) {
    super(options)
    this.step = step
  }

  override onrequest(req: Request): boolean {
    if (req.command !== 1) return false
    this.count += this.step
    same<Same<typeof req.value, Uint8Array | null>>(true)
    same<Same<typeof req.from.host, string>>(true)
    req.reply(new Uint8Array([this.count]), { token: false })
    return true
  }

  override async suspend(options?: { log?: (text: string) => void }): Promise<void> {
    options?.log?.('going to sleep')
    await super.suspend(options)
  }
}

function mistakes(node: Counter): void {
  // @ts-expect-error there is no such event
  node.on('perisstent', () => {})
  // @ts-expect-error an address is no number
  node.on('nat-update', (host: number) => host)
  // @ts-expect-error a port is no string
  void new Counter({ port: 'any' })
  // @ts-expect-error a request has a command
  void node.request({}, node)
  // @ts-expect-error ids are bytes or null
  const id: string = node.id
  // @ts-expect-error a filter answers yes or no
  void new Counter({ filterNode: () => 'yes' })
  void id
}

test('types: a subclass gets its hooks, options and events typed', async (t) => {
  t.is(typeof mistakes, 'function')
  same<Same<Parameters<Counter['onrequest']>, [req: Request]>>(true)
  same<Same<DHTEvents['nat-update'], [host: string | null, port: number]>>(true)
  const options: CounterOptions = { bootstrap: [], host: HOST, ephemeral: undefined, nodes: null, step: 2 }
  const node = new Counter(options)
  t.teardown(() => node.destroy())
  node.on('request', (req) => same<Same<typeof req, Request>>(true))
  node.once('network-change', (interfaces) => interfaces.map(({ host }) => host))
  await node.fullyBootstrapped()
  const query: Query<number> = node.query({ target: new Uint8Array(32), command: 1 }, { map: (reply) => reply.rtt })
  query.destroy()
  const asked: Promise<Reply> = node.request(
    { command: 1 },
    { host: HOST, port: node.io.clientSocket!.address()!.port },
  )
  t.alike((await asked).value, Buffer.from([2]))
  t.is(node.count, 2)
})

test('types: bootstrapper gives the class it was called on', async (t) => {
  const node = Counter.bootstrapper(45_871, HOST, { host: HOST, anyPort: true })
  t.teardown(() => node.destroy())
  same<Same<typeof node, Counter>>(true)
  t.is(node.step, 1)
  await node.suspend({ log: (text) => t.is(text, 'going to sleep') })
})
