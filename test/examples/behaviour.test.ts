/** What the examples do when it is not their usual run. */
import test from 'brittle'
import { runExample } from './run-example.js'

const TIMEOUT = { timeout: 60_000 }
const HUNDRED_NODES = 'examples/hundred-nodes.js'

test('hundred nodes: a lost value ends with code 1 and a clear message', TIMEOUT, async (t) => {
  const { code, stdout, stderr } = await runExample(HUNDRED_NODES, ['--lose', '20'])
  t.is(code, 1)
  t.ok(stdout.includes('another node reads nothing'), 'it does not hide what it saw')
  t.ok(stdout.endsWith('Not as promised: the value is lost.\n'))
  t.absent(stdout.includes('All as promised'))
  t.is(stderr, '')
})

test('hundred nodes: three hundred work as well', TIMEOUT, async (t) => {
  const { code, stdout } = await runExample(HUNDRED_NODES, ['--nodes', '300'])
  t.is(code, 0)
  t.ok(stdout.includes('5 of 5 nodes name the true 20 closest'))
})

const MISUSE: [args: string[], message: string][] = [
  [['--nodes', '10'], '--nodes must be an integer from 30 to 1000, got 10'],
  [['--lose', 'all'], '--lose must be an integer from 0 to 20, got all'],
  [['--port', '70000'], '--port must be an integer from 0 to 65535, got 70000'],
]
for (const [args, message] of MISUSE) {
  test(`hundred nodes: ${args.join(' ')} is refused`, TIMEOUT, async (t) => {
    const { code, stderr } = await runExample(HUNDRED_NODES, args)
    t.is(code, 1)
    t.is(stderr, `${message}\n`)
  })
}

test('hundred nodes: no colours and no progress bar where there is no terminal', TIMEOUT, async (t) => {
  const { stdout } = await runExample(HUNDRED_NODES, ['--nodes', '30'])
  t.absent(stdout.includes('\u001b'))
  t.absent(stdout.includes('\r'))
})

test('embedded: runs until SIGTERM, and then ends in good order', TIMEOUT, async (t) => {
  const { code, stdout } = await runExample('examples/embed-in-app.js', ['--stay'], {
    onOutput(soFar, child) {
      if (soFar.includes('listening') && !child.killed) child.kill('SIGTERM')
    },
  })
  t.is(code, 0)
  t.ok(stdout.endsWith('SIGTERM: shutting down\nstopped\n'))
})
