/**
 * Child process whose time of day jumps by hours under a running node: `Date.now` is all that a node sees of it.
 *
 *     node clock.js <port of the bootstrapper> <port of another node> <its id>
 */
const real = Date.now
let offsetMs = 0
Date.now = () => real() + offsetMs

const { DHT } = await import('../../../index.js')

const HOST = '127.0.0.1'
const HOUR_MS = 3_600_000
/** Beats of the node: fast, so that each jump is seen. */
const BEAT_MS = 100
const JUMPS_MS = [6 * HOUR_MS, -6 * HOUR_MS, -6 * HOUR_MS, 48 * HOUR_MS]

const [bootstrapPort, port, id] = process.argv.slice(2)
const other = { host: HOST, port: Number(port) }
const bootstrap = [{ host: HOST, port: Number(bootstrapPort) }]
const node = new DHT({ host: HOST, bootstrap, ephemeral: false, pingIntervalMs: BEAT_MS })
await node.fullyBootstrapped()
let wakeups = 0
let removed = 0
node.on('wakeup', () => wakeups++)
node.on('remove-node', () => removed++)

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
let answered = 0
let exact = 0
for (const jumpMs of JUMPS_MS) {
  const before = wakeups
  const asked = node.ping(other)
  offsetMs += jumpMs
  await asked.then(() => answered++)
  // Forward looks like a sleep, and is told.
  while (jumpMs > 0 && wakeups === before) await pause(5)
  await pause(3 * BEAT_MS)
  const query = node.findNode(Buffer.from(id!, 'hex'))
  await query.finished()
  if (query.closestNodes[0]?.port === other.port) exact++
}
while (node.ephemeral) await pause(20)
const { received, requests, responses, dropped } = node.stats.datagrams
const unaccounted = received - requests - responses - Object.values(dropped).reduce((a, b) => a + b, 0)
console.log(JSON.stringify({ answered, exact, wakeups, removed, persistent: !node.ephemeral, unaccounted }))
await node.destroy()
