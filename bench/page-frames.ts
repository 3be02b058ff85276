/**
 * How fluently the tutorial page draws a lookup in a network of 1,000 nodes: times between the frames of a headless
 * Chromium, which draws in software.
 *
 *     node dist/bench/page-frames.js [--nodes 1000] [--seconds 20]
 */
import { parseArgs } from 'node:util'
import { holds, openSite } from '../test/tutorial/page-browser.js'
import { quantile } from './gateway/request.js'

const { values } = parseArgs({
  options: { nodes: { type: 'string', default: '1000' }, seconds: { type: 'string', default: '20' } },
})
const nodes = Number(values.nodes)
const durationMs = 1000 * Number(values.seconds)

/** A lookup takes some seconds then, as visitors watch it. */
const SPEED = 0.1

/** Runs in the page: collects times between frames, and of drawing, while one lookup follows the other. */
const COLLECT = `new Promise((resolve) => {
  const page = tutorialPage
  const [gaps, paints] = [[], []]
  const timed = (object, name, times) => {
    const own = object[name].bind(object)
    object[name] = (...args) => {
      const startedAt = performance.now()
      own(...args)
      times.push(performance.now() - startedAt)
    }
  }
  timed(page.stage.painter, 'paint', paints)
  let lookups = 0
  let last = null
  let until = null
  const onFrame = (now) => {
    if (last !== null) gaps.push(now - last)
    last = now
    until ??= now + ${durationMs}
    const { lookup } = page.state
    if (lookups === 0 || (lookup?.phase === 'done' && lookup.number !== page.seenLookup)) {
      page.seenLookup = lookup?.number
      page.act('lookup', null, 'word ' + lookups++)
    }
    if (now < until) requestAnimationFrame(onFrame)
    else resolve({ gaps, paints, lookups })
  }
  requestAnimationFrame(onFrame)
})`

interface Collected {
  gaps: number[]
  paints: number[]
  lookups: number
}

function row(label: string, times: number[]): string {
  const cells = [0.5, 0.95, 0.99, 1].map((share) => quantile(times, share).toFixed(1))
  return `| ${label} | ${cells.join(' | ')} |`
}

const site = await openSite()
try {
  const page = await site.open()
  process.stderr.write(`${nodes} nodes join … `)
  await page.evaluate(`tutorialPage.act('startOver', ${nodes})`)
  await page.waitForFunction(
    `tutorialPage.state.nodes.size === ${nodes} && tutorialPage.state.task === null && tutorialPage.stage.painter.drawn.nodes === ${nodes}`,
    null,
    { timeout: 600_000 },
  )
  await holds(page, '!tutorialPage.stage.painter.moving')
  await page.evaluate(`tutorialPage.act('speed', ${SPEED})`)
  process.stderr.write('measuring\n')
  const { gaps, paints, lookups } = await page.evaluate<Collected>(COLLECT)
  const late = gaps.filter((gap) => gap > 25).length
  console.log(`${nodes} nodes, ${lookups} lookups, ${gaps.length} frames in ${values.seconds} s\n`)
  console.log('| ms | median | p95 | p99 | most |\n|---|---|---|---|---|')
  console.log(row('between two frames', gaps))
  console.log(row('drawing the picture, main thread', paints))
  console.log(
    `\n${((100 * late) / gaps.length).toFixed(1)} % of the frames came late (more than 25 ms after the one before)`,
  )
} finally {
  await site.close()
}
