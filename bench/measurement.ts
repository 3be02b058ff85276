/** What a measurement is: a few rows of the table, and one way to fill them for one implementation. */
import type { Plan } from './plan.js'
import type { SubjectName } from './subject.js'

/** One line of the table. */
export interface Row {
  id: string
  label: string
  unit: string
  /** Which direction is better. */
  better: 'higher' | 'lower'
}

/** Values of one round, by row id. */
export type Sample = Record<string, number>

export interface Measurement {
  /** The name for `--only`. */
  name: string
  rows(plan: Plan): Row[]
  /** Measures once, in fresh child processes. */
  measure(subject: SubjectName, plan: Plan): Promise<Sample>
}

/** A pause. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}
