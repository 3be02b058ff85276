/** From start to end on real sockets: the order of events, and that nothing keeps a process alive. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import test, { type Assert } from 'brittle'
import { DHT } from '../../index.js'
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

/** Runs a child of this folder to its end. */
function runChild(t: Assert, name: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const path = fileURLToPath(new URL(`./children/${name}.js`, import.meta.url))
  const child = spawn(process.execPath, [path], { stdio: ['ignore', 'pipe', 'pipe'], timeout: 30_000 })
  t.teardown(() => child.kill('SIGKILL'))
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, ...output })))
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
  const { code, stdout, stderr } = await runChild(t, 'destroy-midway')
  t.is(stderr, '')
  t.is(code, 0)
  t.ok(stdout.endsWith('destroyed\n'), stdout)
})

test('lifecycle: a suspended node lets its process end, and a resumed one does not', TIMEOUT, async (t) => {
  const { code, stdout, stderr } = await runChild(t, 'suspended')
  t.is(stderr, '')
  t.is(code, 0)
  t.is(stdout, 'suspended\nbeforeExit 1\nresumed\ntick\nsuspended\nbeforeExit 2\n')
})

test('lifecycle: a node that could not be bound does not keep its process alive', TIMEOUT, async (t) => {
  const { code, stdout, stderr } = await runChild(t, 'bind-failed')
  t.is(stderr, '')
  t.is(code, 0)
  t.is(stdout, 'BIND_FAILED\n')
})
