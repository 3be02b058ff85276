/**
 * Results as files: summaries small enough to be kept beside the code, from which tables and plots are made, so that
 * anyone can make them again.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { format } from 'prettier'
import type { GatewayResult } from './gateway/measure.js'
import type { HyperdhtResult } from './hyperdht/times.js'
import { type LoopbackResult, mergeLoopback } from './loopback.js'
import type { SpeedResult } from './records/speed.js'
import type { ChurnResult } from './scenarios/churn.js'
import type { LossyHyperdhtResult } from './scenarios/hyperdht.js'
import type { LookupsResult } from './scenarios/lookups.js'
import type { ScalingResult } from './scenarios/scaling.js'

/** What was measured; each part in a file of its own. */
export interface Results {
  loopback?: LoopbackResult
  lookups?: LookupsResult
  scaling?: ScalingResult
  churn?: ChurnResult
  hyperdht?: HyperdhtResult
  'hyperdht-lossy'?: LossyHyperdhtResult
  gateway?: GatewayResult
  'records-speed'?: SpeedResult
}

const PARTS = [
  'loopback',
  'lookups',
  'scaling',
  'churn',
  'hyperdht',
  'hyperdht-lossy',
  'gateway',
  'records-speed',
] as const satisfies (keyof Results)[]

const FOLDER = new URL('../../bench/results/', import.meta.url)

/** More digits than anybody reads only make noise in the history. */
const DIGITS = 6

/** All that is stored. */
export function loadResults(): Results {
  return Object.fromEntries(PARTS.filter((name) => existsSync(fileOf(name))).map((name) => [name, load(name)]))
}

/** Stores what there is, and leaves the rest as it was. */
export async function storeResults(results: Results): Promise<void> {
  mkdirSync(FOLDER, { recursive: true })
  const stored = loadResults().loopback
  const { loopback } = results
  const merged = stored && loopback ? { ...results, loopback: mergeLoopback(stored, loopback) } : results
  for (const name of PARTS) {
    if (merged[name] === undefined) continue
    const text = JSON.stringify(merged[name], (_, value: unknown) => shorten(value))
    writeFileSync(fileOf(name), await format(text, { parser: 'json', printWidth: 120 }))
  }
}

function shorten(value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(DIGITS)) : value
}

function load(name: keyof Results): unknown {
  return JSON.parse(readFileSync(fileOf(name), 'utf8'))
}

function fileOf(name: keyof Results): URL {
  return new URL(`${name}.json`, FOLDER)
}
