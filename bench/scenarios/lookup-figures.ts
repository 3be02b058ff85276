/** The figures of the tables about lookups: what is in which table, and how it follows from what was measured. */
import type { Both, Row, Sample } from '../measurement.js'
import type { ClientResult, JoinSample } from '../simulated/lookups.js'
import { mean, quantile } from '../simulated/statistics.js'
import type { LookupSample } from '../simulated/timed-lookup.js'
import { compare, type Line } from '../table.js'

/** Tables of the result. */
export const TABLES = ['lookups', 'closest', 'askers', 'joins', 'commits'] as const
export type TableName = (typeof TABLES)[number]

/** Ratios that are to be reached. */
export interface Targets {
  median?: number
  p99?: number
  requests?: number
  first?: number
}

/** Where something is measured. */
export interface Situation {
  id: string
  label: string
  guests: boolean
  dead: number
  targets: Targets
}

/** What both implementations did in the same situation with the same seed: first ours, then the other. */
export type Pair = Both<ClientResult>

/** Situations, and the networks of each by seed. */
export type Measured = { situation: Situation; pairs: Pair[] }[]

/** One figure of a row: how it is called, and how it follows from a result. */
interface Figure {
  label: string
  unit: string
  of: (result: ClientResult) => number
  target?: keyof Targets
}

const FIGURES: Record<TableName, Figure[]> = {
  lookups: [
    { label: 'median', unit: 'ms', of: (result) => quantile(allMs(result), 0.5), target: 'median' },
    { label: 'p99', unit: 'ms', of: (result) => quantile(allMs(result), 0.99), target: 'p99' },
    { label: 'requests', unit: '', of: (result) => mean(column(result, 'requests')), target: 'requests' },
  ],
  closest: [{ label: 'median', unit: 'ms', of: (result) => quantile(firstMs(result), 0.5), target: 'first' }],
  askers: [
    { label: 'members, median', unit: 'ms', of: ({ memberLookups }) => quantile(memberLookups.map(msOf), 0.5) },
    { label: 'fresh clients, median', unit: 'ms', of: ({ clientLookups }) => quantile(clientLookups.map(msOf), 0.5) },
  ],
  joins: [...joinFigures('persistent', 'persistentJoins'), ...joinFigures('ephemeral', 'ephemeralJoins')],
  commits: [
    { label: 'median', unit: 'ms', of: ({ commitMs }) => quantile(commitMs, 0.5) },
    { label: 'p99', unit: 'ms', of: ({ commitMs }) => quantile(commitMs, 0.99) },
  ],
}

function joinFigures(label: string, kind: 'persistentJoins' | 'ephemeralJoins'): Figure[] {
  const times = (result: ClientResult): number[] => result[kind].map(msOf)
  return [
    { label: `${label}, median`, unit: 'ms', of: (result) => quantile(times(result), 0.5), target: 'median' },
    { label: `${label}, p99`, unit: 'ms', of: (result) => quantile(times(result), 0.99), target: 'p99' },
    {
      label: `${label}, requests`,
      unit: '',
      of: (result) => mean(result[kind].map(({ requests }) => requests)),
      target: 'requests',
    },
  ]
}

function msOf({ ms }: LookupSample | JoinSample): number {
  return ms
}

/** All lookups, whoever asked. */
export function samplesOf({ memberLookups, clientLookups }: ClientResult): LookupSample[] {
  return [...memberLookups, ...clientLookups]
}

function column(result: ClientResult, name: 'ms' | 'requests' | 'recall'): number[] {
  return samplesOf(result).map((sample) => sample[name])
}

/** Their times. */
export function allMs(result: ClientResult): number[] {
  return column(result, 'ms')
}

/** Where the closest never answered, that took for ever. */
function firstMs(result: ClientResult): number[] {
  return samplesOf(result).map((sample) => sample.firstMs ?? Infinity)
}

/** The lines of one table. */
export function linesOf(table: TableName, measured: Measured): Line[] {
  return measured.flatMap(({ situation: { id, label, targets }, pairs }) => {
    const figures = FIGURES[table]
    const rows = figures.map((figure, i): Row => ({
      id: `${table}-${id}-${i}`,
      label: `${label}: ${figure.label}`,
      unit: figure.unit,
      better: 'lower',
      ...(figure.target !== undefined && { target: targets[figure.target] }),
    }))
    const sampleOf = (result: ClientResult): Sample =>
      Object.fromEntries(rows.map((row, i) => [row.id, figures[i]!.of(result)]))
    return compare(
      rows,
      pairs.map(([ours]) => sampleOf(ours)),
      pairs.map(([, theirs]) => sampleOf(theirs)),
    )
  })
}
