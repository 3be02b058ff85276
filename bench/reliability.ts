/**
 * The figures of docs/RELIABILITY.md: churn and restart storms in simulated networks, overload and accidents of real
 * processes on the loopback interface. Tables go to stdout, progress to stderr.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { format } from 'prettier'
import { readCommand } from './command-line.js'
import { replaceSection } from './markers.js'
import { measureParts, type ReliabilityResults } from './reliability/measurements.js'
import { parsePlan, PARTS, type ReliabilityPlan, USAGE } from './reliability/plan.js'
import { reliabilitySections } from './reliability/tables.js'

const DOCUMENT = new URL('../../docs/RELIABILITY.md', import.meta.url)

const fileOf = (part: string): URL => new URL(`../../bench/results/reliability-${part}.json`, import.meta.url)

async function main(plan: ReliabilityPlan): Promise<void> {
  if (plan.help) return console.log(USAGE)
  if (plan.redraw) return redraw()
  await measureParts(plan, async (results) => {
    for (const [name, table] of Object.entries(reliabilitySections(results))) console.log(`### ${name}\n\n${table}\n`)
    // Each as soon as it is there: what comes next may take long, or fail.
    if (plan.writeDocs) await store(results)
  })
}

async function store(results: ReliabilityResults): Promise<void> {
  for (const [part, result] of Object.entries(results)) {
    writeFileSync(fileOf(part), await format(JSON.stringify(result), { parser: 'json', printWidth: 120 }))
  }
  redraw()
}

function redraw(): void {
  const stored = PARTS.filter((part) => existsSync(fileOf(part))).map((part) => {
    return [part, JSON.parse(readFileSync(fileOf(part), 'utf8')) as unknown] as const
  })
  let document = readFileSync(DOCUMENT, 'utf8')
  for (const [name, table] of Object.entries(reliabilitySections(Object.fromEntries(stored)))) {
    document = replaceSection(document, `reliability: ${name}`, table)
  }
  writeFileSync(DOCUMENT, document)
}

const plan = readCommand(parsePlan, USAGE)
if (plan !== null) await main(plan)
