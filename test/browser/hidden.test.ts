/** A node in a tab that is hidden, whose timers the browser throttles and then stops, in a real browser. */
import test from 'brittle'
import { GET } from '../helpers/store.js'
import { type NodeState, serveNetwork } from './pages.js'
import { openTabs } from './tabs.js'

const HIDDEN_MS = 5000

/** More than the gap between two beats that a node takes for a sleep. */
const FROZEN_MS = 16_000

const TARGET = Array.from({ length: 32 }, () => 7)

/** Runs in the page: what is to be known of it later. */
const WATCH = `
globalThis.seen = { lost: [], wakeups: 0, events: [] }
globalThis.beats = [performance.now()]
node.on('remove-node', ({ host, port }) => seen.lost.push(host + ':' + port))
node.on('wakeup', () => seen.wakeups++)
for (const name of ['freeze', 'resume']) document.addEventListener(name, () => seen.events.push(name))
setInterval(() => beats.push(performance.now()), 50)
`

/** Since when nothing ran, at the longest, since it was last asked. */
const LONGEST_GAP = `(async () => {
  await until(() => beats.at(-1) > performance.now() - 2000)
  const taken = beats
  globalThis.beats = [taken.at(-1)]
  return Math.max(0, ...taken.slice(1).map((at, i) => at - taken[i]))
})()`

interface Seen {
  lost: string[]
  wakeups: number
  events: string[]
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}

test(
  'hidden: a tab behind another one answers, and when it was frozen comes back as after sleep',
  { timeout: 150_000 },
  async (t) => {
    const { testnet, url, origin } = await serveNetwork(t, 8)
    const { first: tab, open } = await openTabs(t, origin)
    const options = JSON.stringify({ gateway: url, bootstrap: testnet.bootstrap, ephemeral: false })
    await tab.evaluate(
      `import('${origin}/page.js').then(() => start(${options})).then(() => until(() => !node.ephemeral))`,
    )
    const before = (await tab.evaluate('state()')) as NodeState
    t.is(before.ephemeral, false)
    await tab.evaluate(`${WATCH}; 0`)
    const to = testnet.nodes[1]!.remoteAddress()!
    const request = JSON.stringify({ command: GET })
    const ask = `node.request({ ...${request}, target: Uint8Array.from(${JSON.stringify(TARGET)}) }, ${JSON.stringify(to)})`
    const answers = async (when: string): Promise<void> => {
      t.is(await tab.evaluate(`${ask}.then(({ error }) => error)`), 0, `${when} it asks`)
      t.is((await testnet.nodes[2]!.ping(before.address!)).error, 0, 'and answers where it was')
    }

    await open(origin)
    t.is(await tab.evaluate(`until(() => document.visibilityState === 'hidden')`), true)
    await answers('hidden,')
    await pause(HIDDEN_MS)
    const throttledMs = (await tab.evaluate(LONGEST_GAP)) as number
    t.ok(throttledMs > 900, `its timers come ${Math.round(throttledMs)} ms apart`)
    await answers('throttled,')

    await tab.setFrozen(true)
    await pause(FROZEN_MS)
    await tab.setFrozen(false)
    await tab.toFront()
    const frozenMs = (await tab.evaluate(LONGEST_GAP)) as number
    t.ok(frozenMs > FROZEN_MS * 0.9, `nothing ran for ${Math.round(frozenMs)} ms`)
    await answers('in view again')
    await tab.evaluate('until(() => seen.wakeups > 0)')
    // What it asks after a sleep takes a moment to be answered, or not.
    await pause(3000)
    const seen = (await tab.evaluate('seen')) as Seen
    t.alike(seen.events, ['freeze', 'resume'])
    t.is(seen.wakeups, 1)
    t.alike(seen.lost, [], 'it has given up nobody')
    const after = (await tab.evaluate('state()')) as NodeState
    t.alike([after.id, after.address, after.ephemeral], [before.id, before.address, false], 'the same node')
  },
)
