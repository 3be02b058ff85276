import test from 'brittle'
import { parseBootstrap } from '../../lib/node/bootstrap-list.js'
import { type Resolved, Resolver } from '../../lib/node/resolver.js'
import { VirtualClock } from '../../lib/primitives/virtual-clock.js'

class Host {
  readonly names = new Map<string, string>()
  readonly living = new Set<string>()
  readonly lookups: string[] = []
  readonly pings: string[] = []
  /** Settles later, so that look-ups can be seen to run at the same time. */
  #waiting: (() => void)[] = []

  lookup = async (name: string): Promise<string> => {
    this.lookups.push(name)
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
    const host = this.names.get(name)
    if (host === undefined) throw new Error('ENOTFOUND')
    return host
  }

  answers = ({ host, port }: Resolved): Promise<boolean> => {
    this.pings.push(`${host}:${port}`)
    return Promise.resolve(this.living.has(host))
  }

  async settle(): Promise<void> {
    for (let i = 0; i < 20; i++) await Promise.resolve()
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
    for (let i = 0; i < 20; i++) await Promise.resolve()
  }
}

function create(...entries: unknown[]) {
  const host = new Host()
  const clock = new VirtualClock()
  return { host, clock, resolver: new Resolver(host, clock, parseBootstrap(entries)) }
}

test('resolver: plain addresses are there at once, without any look-up', (t) => {
  const { host, resolver } = create('1.2.3.4:5', 10001)
  t.alike(resolver.resolve(), [
    { host: '1.2.3.4', port: 5 },
    { host: '127.0.0.1', port: 10001 },
  ])
  t.alike(host.lookups, [])
})

test('resolver: a node as an entry counts once it knows its address', (t) => {
  const node = { host: null as string | null, port: 0, destroy() {} }
  const { resolver } = create(node)
  t.alike(resolver.resolve(), [])
  Object.assign(node, { host: '1.2.3.4', port: 5 })
  t.alike(resolver.resolve(), [{ host: '1.2.3.4', port: 5 }])
})

test('W-P8: names are looked up at the same time, once a minute at most, whoever asks', async (t) => {
  const { host, clock, resolver } = create('a.example:1', 'b.example:2')
  host.names.set('a.example', '1.1.1.1').set('b.example', '2.2.2.2')
  const first = resolver.resolve()
  const second = resolver.resolve()
  t.is(second, first)
  await host.settle()
  t.alike(host.lookups, ['a.example', 'b.example'])
  t.alike(await first, [
    { host: '1.1.1.1', port: 1 },
    { host: '2.2.2.2', port: 2 },
  ])
  await clock.advance(59_000)
  t.alike(resolver.resolve(), await first, 'at once')
  await clock.advance(1001)
  void resolver.resolve()
  t.is(host.lookups.length, 4)
})

test('resolver: a suggested IP that answers spares the look-up', async (t) => {
  const { host, resolver } = create('1.2.3.4@a.example:5')
  host.living.add('1.2.3.4')
  t.alike(await resolver.resolve(), [{ host: '1.2.3.4', port: 5 }])
  t.alike(host.pings, ['1.2.3.4:5'])
  t.alike(host.lookups, [])
})

test('resolver: a suggested IP that is silent, or none, is looked up', async (t) => {
  const { host, resolver } = create('1.2.3.4@a.example:5', 'nonsense@b.example:6')
  host.names.set('a.example', '1.1.1.1').set('b.example', '2.2.2.2')
  const resolved = resolver.resolve()
  await host.settle()
  t.alike(await resolved, [
    { host: '1.1.1.1', port: 5 },
    { host: '2.2.2.2', port: 6 },
  ])
  t.alike(host.pings, ['1.2.3.4:5'])
})

test('resolver: what cannot be resolved is left out, and tried again by the next', async (t) => {
  const { host, resolver } = create('a.example:1', 'missing.example:2', '3.3.3.3:3', 'six.example:6')
  host.names.set('a.example', '1.1.1.1').set('six.example', '::1')
  const resolved = resolver.resolve()
  await host.settle()
  t.alike(await resolved, [
    { host: '1.1.1.1', port: 1 },
    { host: '3.3.3.3', port: 3 },
  ])
  host.names.set('missing.example', '2.2.2.2').set('six.example', '6.6.6.6')
  const again = resolver.resolve()
  await host.settle()
  t.is((await again).length, 4)
})

test('resolver: another network, other addresses', async (t) => {
  const { host, resolver } = create('a.example:1')
  host.names.set('a.example', '1.1.1.1')
  const first = resolver.resolve()
  await host.settle()
  await first
  host.names.set('a.example', '9.9.9.9')
  t.alike(resolver.resolve(), [{ host: '1.1.1.1', port: 1 }])
  resolver.clear()
  const second = resolver.resolve()
  await host.settle()
  t.alike(await second, [{ host: '9.9.9.9', port: 1 }])
})

test('resolver: a look-up that was under way when the network changed is not kept', async (t) => {
  const { host, resolver } = create('a.example:1')
  host.names.set('a.example', '1.1.1.1')
  const first = resolver.resolve()
  resolver.clear()
  await host.settle()
  await first
  host.names.set('a.example', '9.9.9.9')
  const second = resolver.resolve()
  await host.settle()
  t.alike(await second, [{ host: '9.9.9.9', port: 1 }])
})
