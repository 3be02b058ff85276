/**
 * How long things last: distributions to draw times from. Each is a function of a source of uniform fractions, so the
 * same seed gives the same times.
 */
import { checkMeasure, checkOptions, checkPositive } from './arguments.js'

/** Where uniform fractions from 0 to below 1 come from; a `SeededRandom` is one. */
export interface Fractions {
  fraction(): number
}

/** Draws one value, in milliseconds where it is a time. */
export type Distribution = (random: Fractions) => number

/** Always the same. */
export function fixed(value: number): Distribution {
  checkMeasure(value, 'value')
  return () => value
}

/** Anything from `least` to `most`, all equally likely. */
export function uniform(least: number, most: number): Distribution {
  if (checkMeasure(least, 'least') > checkMeasure(most, 'most')) throw new RangeError('uniform needs least <= most')
  return (random) => least + (most - least) * random.fraction()
}

/** Without memory: at every moment the same share goes. Half of them are over after `halfLifeMs`. */
export function exponential(options: { halfLifeMs: number }): Distribution {
  checkOptions(options, 'exponential', ['halfLifeMs'])
  const halfLifeMs = checkPositive(options.halfLifeMs, 'halfLifeMs')
  return (random) => -halfLifeMs * Math.log2(1 - random.fraction())
}

/**
 * Most are short and a few very long: who has stayed for long, stays for long. Lomax form, so values start at 0.
 * Measured sessions of file-sharing networks have a `shape` of about 1 to 2; the smaller, the heavier the tail.
 */
export function pareto(options: { medianMs: number; shape?: number }): Distribution {
  const { medianMs, shape } = checkShaped(options, 'pareto', 1.5)
  const scale = medianMs / (2 ** (1 / shape) - 1)
  return (random) => scale * ((1 - random.fraction()) ** (-1 / shape) - 1)
}

/**
 * Between the two: a `shape` of 1 is exponential, below 1 the old stay longer. Sessions in Kademlia networks were found
 * to fit one of about 0.4 to 0.6 (Stutzbach and Rejaie, "Understanding churn in peer-to-peer networks", 2006).
 */
export function weibull(options: { medianMs: number; shape?: number }): Distribution {
  const { medianMs, shape } = checkShaped(options, 'weibull', 0.5)
  const scale = medianMs / Math.LN2 ** (1 / shape)
  return (random) => scale * (-Math.log(1 - random.fraction())) ** (1 / shape)
}

/** Products of many influences, such as delays of access lines. `sigma`: standard deviation of the logarithm. */
export function lognormal(options: { medianMs: number; sigma: number }): Distribution {
  checkOptions(options, 'lognormal', ['medianMs', 'sigma'])
  const medianMs = checkMeasure(options.medianMs, 'medianMs')
  const sigma = checkMeasure(options.sigma, 'sigma')
  return (random) => medianMs * Math.exp(sigma * normal(random))
}

/** A standard normal number (Box and Muller); two fractions each. */
function normal(random: Fractions): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.fraction()))
  return radius * Math.cos(2 * Math.PI * random.fraction())
}

function checkShaped(options: { medianMs: number; shape?: number }, name: string, usualShape: number) {
  checkOptions(options, name, ['medianMs', 'shape'])
  const { medianMs, shape = usualShape } = options
  return { medianMs: checkPositive(medianMs, 'medianMs'), shape: checkPositive(shape, 'shape') }
}
