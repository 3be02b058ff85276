/** What a measurement is: a few rows of the table, and one way to fill them for both sides. */
import type { Plan } from './plan.js'
import type { SubjectName } from './subject.js'

/** One line of the table. */
export interface Row {
  id: string
  label: string
  unit: string
  /** Which direction is better. */
  better: 'higher' | 'lower'
  /** The ratio is to be at most this, or at least this where higher is better. */
  target?: number
  /** The first side's own figure is to be at most this. */
  most?: number
}

/** Values of one round, by row id. */
export type Sample = Record<string, number>

/** Something for each of the two sides: first the measured one, then the one it is divided by. */
export type Both<T> = [T, T]

export interface Measurement {
  /** The name for `--only`. */
  name: string
  rows(plan: Plan): Row[]
  /** Measures each side once, in fresh child processes. @param round from 1 */
  measure(subjects: Both<SubjectName>, plan: Plan, round: number): Promise<Both<Sample>>
}

/** Does something for the two sides one after the other. Who goes first changes from turn to turn. */
export async function inTurn<T>(turn: number, work: (side: 0 | 1) => Promise<T>): Promise<Both<T>> {
  if (turn % 2 === 1) {
    const first = await work(0)
    return [first, await work(1)]
  }
  const second = await work(1)
  return [await work(0), second]
}

/** The value in the middle of a list that is not empty. */
export function medianOf(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** A pause. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}
