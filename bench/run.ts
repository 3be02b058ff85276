/**
 * Measures xorpc against dht-rpc, over UDP and in simulated networks, and prints tables. See README.md for what the
 * rows mean. Tables go to stdout, progress to stderr.
 */
import { readCommand } from './command-line.js'
import { redraw, storeAndRedraw } from './documents.js'
import { hyperdhtSections, measureHyperdht } from './hyperdht/times.js'
import { LOOPBACK_NAMES, loopbackSections, measureLoopback } from './loopback.js'
import { type Command, parseCommand, USAGE } from './plan.js'
import type { Results } from './results.js'
import { churnSections, measureChurn } from './scenarios/churn.js'
import { lossyHyperdhtSections, measureLossyHyperdht } from './scenarios/hyperdht.js'
import { lookupSections, measureLookups } from './scenarios/lookups.js'
import { measureScaling, scalingSections } from './scenarios/scaling.js'

/** What is measured over UDP beside the bare implementations. */
const HYPERDHT_NAME = 'hyperdht'

const SIMULATED_NAMES = ['lookups', 'scaling', 'churn', 'hyperdht-lossy']

async function main(command: Command): Promise<void> {
  if (command.help) return console.log(USAGE)
  if (command.redraw) return redraw()
  const results: Results = {}
  for (const measure of partsOf(command)) {
    const part = await measure()
    Object.assign(results, part)
    if (!command.json) print(part)
    // Each as soon as it is there: what comes next may take long, or fail.
    if (command.writeDocs) await storeAndRedraw(part)
  }
  if (command.json) console.log(JSON.stringify(results, null, 2))
  if (command.quick) console.error('--quick proves that it runs: these figures mean nothing')
}

/** What was chosen, to be measured one after the other: what runs over UDP needs the machine for itself. */
function partsOf(command: Command): (() => Promise<Results>)[] {
  const { simulation, hyperdht, sides } = command
  const loopback = LOOPBACK_NAMES.filter((name) => isChosen(name, command))
  const parts: (() => Promise<Results>)[] = []
  if (loopback.length > 0) parts.push(async () => ({ loopback: await measureLoopback(command, loopback) }))
  if (isChosen(HYPERDHT_NAME, command)) parts.push(async () => ({ hyperdht: await measureHyperdht(hyperdht, sides) }))
  if (isChosen('lookups', command)) parts.push(async () => ({ lookups: await measureLookups(simulation) }))
  if (isChosen('scaling', command)) parts.push(async () => ({ scaling: await measureScaling(simulation) }))
  if (isChosen('churn', command)) parts.push(async () => ({ churn: await measureChurn(simulation) }))
  if (isChosen('hyperdht-lossy', command)) {
    parts.push(async () => ({ 'hyperdht-lossy': await measureLossyHyperdht(simulation) }))
  }
  return parts
}

/** All by default; a comparison of one implementation with itself is about noise, of which simulations have none. */
function isChosen(name: string, { only, sides }: Command): boolean {
  if (only.length > 0) return only.includes(name)
  return sides[0] !== sides[1] || !SIMULATED_NAMES.includes(name)
}

function print({ loopback, lookups, scaling, churn, hyperdht, 'hyperdht-lossy': lossy }: Results): void {
  const sections = [
    loopback && loopbackSections(loopback),
    hyperdht && hyperdhtSections(hyperdht),
    lookups && lookupSections(lookups),
    scaling && scalingSections(scaling),
    churn && churnSections(churn),
    lossy && lossyHyperdhtSections(lossy),
  ]
  for (const tables of sections) {
    for (const [name, table] of Object.entries(tables ?? {})) console.log(`### ${name}\n\n${table}\n`)
  }
}

/** @throws TypeError for what it does not know */
function parseKnown(args: string[]): Command {
  const command = parseCommand(args)
  const known = [...LOOPBACK_NAMES, HYPERDHT_NAME, ...SIMULATED_NAMES]
  const unknown = command.only.filter((name) => !known.includes(name))
  if (unknown.length > 0) throw new TypeError(`No measurement is called ${unknown.join(', ')}`)
  return command
}

const command = readCommand(parseKnown, USAGE)
if (command !== null) await main(command)
