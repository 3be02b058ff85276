/** Writes tables and plots into the documentation. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { gatewaySections } from './gateway/tables.js'
import { hyperdhtSections } from './hyperdht/times.js'
import { loopbackSections } from './loopback.js'
import { replaceSection } from './markers.js'
import { drawChurn } from './plots/churn.js'
import { drawLookups } from './plots/lookups.js'
import { drawScaling } from './plots/scaling.js'
import { speedSections } from './records/speed.js'
import { loadResults, type Results, storeResults } from './results.js'
import { churnSections } from './scenarios/churn.js'
import { lossyHyperdhtSections } from './scenarios/hyperdht.js'
import { lookupSections } from './scenarios/lookups.js'
import { scalingSections } from './scenarios/scaling.js'

/** Where the sections are, and what of. */
const DOCUMENTS: [name: string, sectionsOf: (results: Results) => Record<string, string>][] = [
  ['PERFORMANCE.md', performanceSections],
  ['HYPERDHT.md', upgradeSections],
  ['GATEWAY.md', ({ gateway }) => (gateway ? gatewaySections(gateway) : {})],
  ['RECORDS.md', recordsSections],
]

const DOCS = new URL('../../docs/', import.meta.url)
const PLOTS = new URL('plots/', DOCS)

/** Stores new results, and writes everything that follows from what is stored. */
export async function storeAndRedraw(results: Results): Promise<void> {
  await storeResults(results)
  redraw()
}

/** Writes tables and plots from the stored results. */
export function redraw(): void {
  const results = loadResults()
  for (const [file, sectionsOf] of DOCUMENTS) {
    let document = readFileSync(new URL(file, DOCS), 'utf8')
    for (const [name, table] of Object.entries(sectionsOf(results))) {
      document = replaceSection(document, `bench: ${name}`, table)
    }
    writeFileSync(new URL(file, DOCS), document)
  }
  mkdirSync(PLOTS, { recursive: true })
  for (const [name, svg] of Object.entries(plotsOf(results))) writeFileSync(new URL(`${name}.svg`, PLOTS), svg)
}

function performanceSections({ loopback, lookups, scaling, churn }: Results): Record<string, string> {
  return {
    ...(loopback && loopbackSections(loopback)),
    ...(lookups && lookupSections(lookups)),
    ...(scaling && scalingSections(scaling)),
    ...(churn && churnSections(churn)),
  }
}

function upgradeSections({ hyperdht, 'hyperdht-lossy': lossy }: Results): Record<string, string> {
  return { ...(hyperdht && hyperdhtSections(hyperdht)), ...(lossy && lossyHyperdhtSections(lossy)) }
}

function recordsSections({ 'records-speed': speed }: Results): Record<string, string> {
  return { ...(speed && speedSections(speed)) }
}

function plotsOf({ lookups, scaling, churn }: Results): Record<string, string> {
  return {
    ...(lookups && { lookups: drawLookups(lookups) }),
    ...(scaling && { scaling: drawScaling(scaling) }),
    ...(churn && { churn: drawChurn(churn) }),
  }
}
