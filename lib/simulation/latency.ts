/**
 * How far apart hosts are: models of the one-way delay between two places, without jitter. Pure: a place is drawn once
 * for each host, and what lies between two places never changes.
 */
import { describe } from '../node/describe.js'
import { checkFinite, checkMeasure, checkOptions } from './arguments.js'
import { type Fractions, lognormal } from './distributions.js'

/** Where a host is; what the numbers mean is up to the model. */
export interface Place {
  /** Milliseconds from the west of the plane, or the row of a matrix. */
  readonly x: number
  /** Milliseconds from the south of the plane. */
  readonly y: number
  /** Milliseconds that a datagram takes between the host and the network, one way. */
  readonly accessMs: number
}

export interface LatencyModel {
  /** The place of the next host. */
  place(random: Fractions): Place
  /** Milliseconds one way. */
  oneWayMs(from: Place, to: Place): number
}

/** Milliseconds one way, of two addresses. */
export type LatencyFunction = (fromHost: string, toHost: string) => number

/**
 * Side of the default plane: with the default access lines the median round trip between two random hosts is 130 ms,
 * one in twenty takes less than 60 ms and one in a hundred more than 300 ms.
 */
const EXTENT_MS = 68

/** Delay of the default access line, one way, and the width of its distribution: a tail of slow homes and mobiles. */
const ACCESS_MEDIAN_MS = 12
const ACCESS_SIGMA = 0.8

export interface PlaneOptions {
  /** Milliseconds that a datagram takes along one side of the square, one way. Default 68. */
  extentMs?: number
  /** Delays of the hosts' own lines, one way, lognormal. Default median 12, sigma 0.8. */
  access?: { medianMs?: number; sigma?: number }
}

/**
 * Hosts scattered evenly on a square, like cities on a continent or two: a datagram takes its time in proportion to the
 * distance, and in addition that of both hosts' access lines.
 *
 * @throws TypeError or RangeError for options that make no sense
 * @example
 * const europe = plane({ extentMs: 25, access: { medianMs: 8 } })
 */
export function plane(options: PlaneOptions = {}): LatencyModel {
  checkOptions(options, 'plane', ['extentMs', 'access'])
  const { extentMs = EXTENT_MS, access = {} } = options
  checkMeasure(extentMs, 'extentMs')
  checkOptions(access, 'access', ['medianMs', 'sigma'])
  const { medianMs = ACCESS_MEDIAN_MS, sigma = ACCESS_SIGMA } = access
  const drawAccess = lognormal({ medianMs, sigma })
  return {
    place: (random) => ({
      x: random.fraction() * extentMs,
      y: random.fraction() * extentMs,
      accessMs: drawAccess(random),
    }),
    oneWayMs(from, to) {
      const dx = from.x - to.x
      const dy = from.y - to.y
      return Math.sqrt(dx * dx + dy * dy) + from.accessMs + to.accessMs
    },
  }
}

/**
 * Measured delays: `rows[i][j]` is the time from site i to site j, one way. Hosts are dealt to the sites in turn, so a
 * network may have more hosts than the matrix has sites.
 *
 * @throws TypeError when it is not square; RangeError when an entry is no time
 * @example
 * const twoContinents = matrix([
 *   [10, 80],
 *   [80, 10],
 * ])
 */
export function matrix(rows: readonly (readonly number[])[]): LatencyModel {
  const size = rows.length
  const isSquare = Array.isArray(rows) && size > 0 && rows.every((row) => Array.isArray(row) && row.length === size)
  if (!isSquare) throw new TypeError('a latency matrix must be square')
  if (rows.flat().some((ms) => typeof ms !== 'number' || !(ms >= 0 && ms < Infinity))) {
    throw new RangeError('a latency matrix holds milliseconds of at least 0')
  }
  const flat = Float64Array.from(rows.flat())
  let next = 0
  return {
    place: () => ({ x: next++ % size, y: 0, accessMs: 0 }),
    oneWayMs: (from, to) => flat[from.x * size + to.x]!,
  }
}

/** What a network asks for the way between two hosts. */
export interface Distances {
  /** Where hosts are put. */
  readonly model: LatencyModel
  /** Milliseconds by addresses, instead of places; null: the model's. */
  readonly ofAddresses: LatencyFunction | null
}

/** @throws TypeError or RangeError for what is neither a model, nor a function, nor a time */
export function parseLatency(latency: LatencyModel | LatencyFunction | number): Distances {
  if (typeof latency === 'object' && typeof latency?.place === 'function' && typeof latency.oneWayMs === 'function') {
    return { model: latency, ofAddresses: null }
  }
  const nowhere = plane({ extentMs: 0, access: { medianMs: 0 } })
  if (typeof latency === 'function') return { model: nowhere, ofAddresses: latency }
  if (typeof latency !== 'number') {
    const wanted = 'milliseconds, a function of two addresses, or a model such as plane() or matrix(rows)'
    throw new TypeError(`latency must be ${wanted}, got ${describe(latency)}`)
  }
  checkMeasure(latency, 'latency')
  return { model: nowhere, ofAddresses: () => latency }
}

/** @throws TypeError or RangeError for a place that is none */
export function checkPlace(place: Place): Place {
  checkOptions(place, 'place', ['x', 'y', 'accessMs'])
  checkFinite(place.x, 'place.x')
  checkFinite(place.y, 'place.y')
  checkMeasure(place.accessMs, 'place.accessMs')
  return place
}
