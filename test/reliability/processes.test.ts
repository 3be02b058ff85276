/** What happens to real processes: stopped, killed, out of descriptors, with a time of day that jumps. */
import test, { type Assert } from 'brittle'
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { measureKills, measureRejoin, measureStop } from '../../bench/reliability/processes.js'
import { createTestnet } from '../../lib/testnet/index.js'

const TIMEOUT = { timeout: 120_000 }

/** Few enough to be used up at once, and enough for Node.js itself. */
const DESCRIPTORS = 64

const childPath = (name: string): string => fileURLToPath(new URL(`./children/${name}.js`, import.meta.url))

/** Runs a program to its end. @returns what it printed, as JSON */
async function run(t: Assert, command: string, args: string[]): Promise<Record<string, unknown>> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  const code = await new Promise((resolve) => child.on('close', resolve))
  t.is(code, 0, 'it ended by itself')
  return JSON.parse(stdout) as Record<string, unknown>
}

test('processes: stopped and continued (SIGSTOP, SIGCONT), a node is back and right', TIMEOUT, async (t) => {
  const result = await measureStop(21, 1500, 5)
  t.is(result.underWay, 'REQUEST_TIMEOUT', 'the request under way was settled')
  t.is(result.falseEvictions, 0)
  t.is(result.exact, result.lookups)
  t.is(result.books.unaccounted, 0, 'received = handled + dropped by reason')
})

test('processes: killed (kill -9) while it saves, what was acknowledged is there', TIMEOUT, async (t) => {
  const result = await measureKills(8, 100)
  t.ok(result.acknowledged >= 8)
  t.alike([result.lost, result.damaged], [0, 0])
})

test('processes: killed and started again, it has joined while every bootstrap node is down', TIMEOUT, async (t) => {
  const { bootstrappedMs, saved, contacts, ephemeral, books } = await measureRejoin(21)
  t.ok(bootstrappedMs <= 5000, `after ${Math.round(bootstrappedMs)} ms`)
  t.ok(saved >= 20)
  t.ok(contacts >= 19)
  t.absent(ephemeral)
  t.is(books.unaccounted, 0, 'received = handled + dropped by reason')
  t.ok(books.received > 100)
})

test('processes: without a descriptor left, what is there goes on, what is new says why', TIMEOUT, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'xorpc-descriptors-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const program = `ulimit -n ${DESCRIPTORS} && exec "$0" "$@"`
  const args = ['-c', program, process.execPath, childPath('descriptors'), join(folder, 'contacts.json')]
  t.alike(await run(t, 'sh', args), {
    exhausted: 'EMFILE',
    'a new node': 'BIND_FAILED by EMFILE',
    'its request': 'BIND_FAILED by EMFILE',
    'a request between nodes that are there': 'done',
    'a lookup': 'done',
    'a save': 'EMFILE',
    'a suspension': 'done',
    'what was saved': 'is there',
    'a later save': 'done',
    'the new node, suspended and resumed': 'done',
    'a request to the resumed one': 'done',
    'datagrams unaccounted': '0',
  })
})

test('processes: a time of day that jumps by hours, forward and back', TIMEOUT, async (t) => {
  const { nodes, bootstrap } = await createTestnet(21, { host: '127.0.0.1', teardown: t.teardown })
  const other = nodes[7]!
  const places = [bootstrap[0]!.port, other.localAddress()!.port].map(String)
  t.alike(await run(t, process.execPath, [childPath('clock'), ...places, Buffer.from(other.id!).toString('hex')]), {
    answered: 4,
    exact: 4,
    wakeups: 2,
    removed: 0,
    persistent: true,
    unaccounted: 0,
  })
})
