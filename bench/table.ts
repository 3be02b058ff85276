/**
 * Statistics over rounds, and the table.
 *
 * A ratio is taken round by round, between two measurements made one after the other, so that a machine that gets
 * slower meanwhile does not tip it; then the median of these ratios counts.
 */
import { type Both, medianOf, type Row, type Sample } from './measurement.js'

/** Spread of one figure over the rounds. */
export interface Summary {
  median: number
  min: number
  max: number
}

/** One line of the result. */
export interface Line extends Row {
  first: Summary
  second: Summary
  /** first / second. */
  ratio: Summary
}

/** @param values at least one */
export function summarize(values: number[]): Summary {
  return { median: medianOf(values), min: Math.min(...values), max: Math.max(...values) }
}

/** Lines for the rows measured. @param first, @param second samples by round, in the same order */
export function compare(rows: Row[], first: Sample[], second: Sample[]): Line[] {
  return rows.map((row) => {
    const a = valuesOf(row, first)
    const b = valuesOf(row, second)
    return { ...row, first: summarize(a), second: summarize(b), ratio: summarize(a.map((value, i) => value / b[i]!)) }
  })
}

/** The values of one row, round by round. @throws Error where a round has none */
export function valuesOf(row: Row, samples: Sample[]): number[] {
  return samples.map((sample) => {
    const value = sample[row.id]
    if (value === undefined) throw new Error(`Nothing was measured for ${row.id}`)
    return value
  })
}

/**
 * Medians with [min–max], as a Markdown table. Where a line has a target, there is a column for it.
 *
 * @param names headings of the two sides
 */
export function formatComparison(lines: Line[], names: Both<string>): string {
  const hasTargets = lines.some(({ target, most }) => target !== undefined || most !== undefined)
  const head = ['', 'unit', 'better', ...names, 'ratio', ...(hasTargets ? ['target', 'reached'] : [])]
  const body = lines.map((line) => [
    line.label,
    line.unit,
    line.better,
    formatSummary(line.first),
    formatSummary(line.second),
    formatSummary(line.ratio, formatRatio),
    ...(hasTargets ? formatTarget(line) : []),
  ])
  return formatTable([head, ...body])
}

function formatTarget({ target, most, better, first, ratio }: Line): string[] {
  if (most !== undefined) return [`own ≤ ${formatRatio(most)}`, first.median <= most ? 'yes' : 'no']
  if (target === undefined) return ['', '']
  if (better === 'higher') return [`≥ ${formatRatio(target)}`, ratio.median >= target ? 'yes' : 'no']
  return [`≤ ${formatRatio(target)}`, ratio.median <= target ? 'yes' : 'no']
}

/** The same for rows with one side only. */
export function formatReference(rows: (Row & { figure: Summary })[]): string {
  const body = rows.map(({ label, unit, figure }) => [label, unit, formatSummary(figure)])
  return formatTable([['reference', 'unit', 'median [min–max]'], ...body])
}

/** Median and spread, which is left out where there is none to see. */
export function formatSummary({ median, min, max }: Summary, format = formatNumber): string {
  const [middle, low, high] = [format(median), format(min), format(max)]
  return low === high ? middle : `${middle} [${low}–${high}]`
}

/** Three significant digits or all before the point. */
export function formatNumber(value: number): string {
  const size = Math.abs(value)
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2)
}

function formatRatio(value: number): string {
  return Number.isFinite(value) ? value.toFixed(2) : '–'
}

/** A Markdown table. @param rows the head first, all of the same length */
export function formatTable([head = [], ...body]: string[][]): string {
  const widths = head.map((cell, i) => Math.max(cell.length, ...body.map((cells) => cells[i]!.length)))
  const line = (cells: string[]): string => `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`
  return [line(head), rule, ...body.map(line)].join('\n')
}
