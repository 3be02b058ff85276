/** From start to end on real sockets: the order of events, and that nothing keeps a process alive. */
import test from 'brittle'
import { DHT } from '../../index.js'
import { runChild } from '../helpers/child.js'
import { freePort, HOST } from '../helpers/nodes.js'
import { startNetwork } from './network.js'

const TIMEOUT = { timeout: 60_000 }

const EVENTS = ['listening', 'ready', 'persistent', 'ephemeral', 'wakeup', 'suspend', 'resume', 'close'] as const

/** The names of a node's events, as they happen. */
function record(node: DHT): string[] {
  const seen: string[] = []
  for (const event of EVENTS) node.on(event, () => seen.push(event))
  return seen
}

/** A child of this folder. */
function childFile(name: string): URL {
  return new URL(`./children/${name}.js`, import.meta.url)
}

test('lifecycle: events come in order', TIMEOUT, async (t) => {
  const { options } = await startNetwork(t, 2)
  const node = new DHT(options)
  t.teardown(() => node.destroy())
  const seen = record(node)
  await node.fullyBootstrapped()
  t.alike(seen.splice(0), ['listening', 'persistent', 'ready'])
  const port = node.localAddress()!.port
  await node.suspend()
  t.alike(seen.splice(0), ['suspend'])
  t.ok(node.suspended)
  await node.resume()
  t.is(node.localAddress()!.port, port, 'on the same port again')
  t.is(seen.at(-1), 'resume')
  t.ok(seen.includes('wakeup') && seen.includes('listening'))
  seen.splice(0)
  await Promise.all([node.destroy(), node.destroy()])
  await node.destroy()
  t.alike(seen, ['close'], 'once')
})

test('lifecycle: a bootstrapper is persistent and ready without anybody', TIMEOUT, async (t) => {
  const node = DHT.bootstrapper(await freePort(), HOST, { host: HOST })
  t.teardown(() => node.destroy())
  const seen = record(node)
  await node.fullyBootstrapped()
  t.alike(seen, ['listening', 'persistent', 'ready'])
  t.absent(node.ephemeral)
})

test('lifecycle: Symbol.asyncDispose destroys', TIMEOUT, async (t) => {
  const node = new DHT({ host: HOST, bootstrap: [] })
  const seen = record(node)
  {
    await using scoped = node
    await scoped.fullyBootstrapped()
    t.absent(node.destroyed)
  }
  t.ok(node.destroyed)
  t.is(seen.at(-1), 'close')
})

test('lifecycle: destroyed in the middle of everything, a process ends by itself', TIMEOUT, async (t) => {
  const { code, stdout, stderr } = await runChild(t, childFile('destroy-midway'))
  t.is(stderr, '')
  t.is(code, 0)
  t.ok(stdout.endsWith('destroyed\n'), stdout)
})

test('lifecycle: a suspended node lets its process end, and a resumed one does not', TIMEOUT, async (t) => {
  const { code, stdout, stderr } = await runChild(t, childFile('suspended'))
  t.is(stderr, '')
  t.is(code, 0)
  t.is(stdout, 'suspended\nbeforeExit 1\nresumed\ntick\nsuspended\nbeforeExit 2\n')
})

test('lifecycle: a node that could not be bound does not keep its process alive', TIMEOUT, async (t) => {
  const { code, stdout, stderr } = await runChild(t, childFile('bind-failed'))
  t.is(stderr, '')
  t.is(code, 0)
  t.is(stdout, 'BIND_FAILED\n')
})
