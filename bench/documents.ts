/** Writes tables and plots into the documentation. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { loopbackSections } from './loopback.js'
import { replaceSection } from './markers.js'
import { drawChurn } from './plots/churn.js'
import { drawLookups } from './plots/lookups.js'
import { drawScaling } from './plots/scaling.js'
import { loadResults, type Results, storeResults } from './results.js'
import { churnSections } from './scenarios/churn.js'
import { lookupSections } from './scenarios/lookups.js'
import { scalingSections } from './scenarios/scaling.js'

const DOCUMENT = new URL('../../docs/PERFORMANCE.md', import.meta.url)
const PLOTS = new URL('../../docs/plots/', import.meta.url)

/** Stores new results, and writes everything that follows from what is stored. */
export async function storeAndRedraw(results: Results): Promise<void> {
  await storeResults(results)
  redraw()
}

/** Writes tables and plots from the stored results. */
export function redraw(): void {
  const results = loadResults()
  let document = readFileSync(DOCUMENT, 'utf8')
  for (const [name, table] of Object.entries(sectionsOf(results))) {
    document = replaceSection(document, `bench: ${name}`, table)
  }
  writeFileSync(DOCUMENT, document)
  mkdirSync(PLOTS, { recursive: true })
  for (const [name, svg] of Object.entries(plotsOf(results))) writeFileSync(new URL(`${name}.svg`, PLOTS), svg)
}

function sectionsOf({ loopback, lookups, scaling, churn }: Results): Record<string, string> {
  return {
    ...(loopback && loopbackSections(loopback)),
    ...(lookups && lookupSections(lookups)),
    ...(scaling && scalingSections(scaling)),
    ...(churn && churnSections(churn)),
  }
}

function plotsOf({ lookups, scaling, churn }: Results): Record<string, string> {
  return {
    ...(lookups && { lookups: drawLookups(lookups) }),
    ...(scaling && { scaling: drawScaling(scaling) }),
    ...(churn && { churn: drawChurn(churn) }),
  }
}
