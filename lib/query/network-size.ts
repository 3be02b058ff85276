/**
 * How many nodes the network has, judged from how close the closest nodes of our own lookups are; and whether those of
 * one lookup are closer to each other than they can be by chance. Pure.
 *
 * Ids are hashes, so nodes lie evenly. Among n of them the i-th nearest to any target is at a distance (as a share of
 * the whole keyspace) that follows Gamma(i) / n, and the sum of such distances over lookups of different regions
 * Gamma(s) / n, where s is the sum of the ranks. So (s - 1) / sum is an unbiased estimate with a relative error of
 * 1 / sqrt(s): 22 % from one lookup, 6 % from 16. It uses the farthest of the k nearest alone: where nodes are spread
 * evenly, the others add nothing.
 *
 * The ratio of one such distance to the sum is Beta(i, s), whatever n is: an exact test that needs no estimate and does
 * not depend on the size of the network, nor on how well it is known.
 *
 * Sources: E. Sohl, "DHT size estimation" (2020); the estimators of pubky/mainline (docs/dht_size_estimate) and of
 * go-libp2p-kad-dht (netsize, D. Trautwein 2022), which fit all k distances; S. Sridhar et al., "Content censorship in
 * the InterPlanetary File System" (NDSS 2024), who warn of eclipses by comparing the closest nodes with such an estimate.
 */
import { idPrefix, PREFIX_VALUES } from '../primitives/id.js'

/** What is known of the size of the network. */
export interface NetworkSizeEstimate {
  /** Persistent nodes besides this one: those that lookups can find. */
  nodes: number
  /** In 19 of 20 cases there are at least this many … */
  low: number
  /** … and at most this many. */
  high: number
  /** Lookups this was learnt from: the more, the closer. */
  samples: number
}

/** The closest nodes of a lookup, as far as they are closer than chance explains. */
export interface Crowd {
  /** So many of the closest nodes are suspicious together. */
  observed: number
  /** So many there should be within the same distance. */
  expected: number
}

/** How to judge a crowd. */
export interface CrowdOptions {
  sinceMs?: number
  falseAlarms?: number
}

/** What one lookup told. */
interface Sample {
  atMs: number
  /** First 32 bits of the target. */
  prefix: number
  /** Rank of the farthest node. */
  rank: number
  /** Its distance, as a share of the keyspace. */
  distance: number
}

/** BOUNDED: enough for an error of 4 %; older ones make room. */
const MAX_SAMPLES = 32

/** Networks grow and shrink; an idle node makes six samples an hour. */
const MAX_AGE_MS = 2 * 60 * 60_000

/**
 * So many lookups in a row must tell of another size, each by more than one sigma, before it is believed: a few may have
 * gone wrong. By chance it happens once in 5,000 lookups, and costs some precision.
 */
const CHANGE_SAMPLES = 5

/** Samples that are farther from the middle one than chance explains (4 sigma: 1 in 16,000) are of no use. */
const OUTLIER_SIGMA = 4

/** Of the estimate's range. */
const RANGE_SIGMA = 1.96

/**
 * Lookups of honest networks that are called crowded: fewer than one in a million, whatever the size. A busy node makes
 * so many in ten days. Each rank has the same share of that.
 */
export const FALSE_ALARMS = 1e-6

/** Fewer nodes are no crowd: a quarter of a result leaves the others their say. */
const LEAST_CROWD = 5

/** One other sample alone would make the test blind to anything but the crudest crowd. */
const LEAST_SAMPLES = 2

/** Distances above this share of the expected one are as usual: of 20 ranks one in 40 lookups has such a farthest node. */
const CLEARLY_NORMAL = 0.6

const FINE_BITS = 21

/** Nothing nearer is told apart. */
const FINEST = 2 ** -53

/** XOR distance of two 32-byte ids as a share of the keyspace, 0 to 1; exact to 53 bits. */
export function distanceShare(a: Uint8Array, b: Uint8Array): number {
  const high = (idPrefix(a) ^ idPrefix(b)) >>> 0
  const low = (idPrefix(a, 4) ^ idPrefix(b, 4)) >>> (32 - FINE_BITS)
  return (high + low / 2 ** FINE_BITS) / PREFIX_VALUES
}

export class NetworkSize {
  /** Newest last, of regions that do not overlap. BOUNDED: by MAX_SAMPLES. */
  #samples: Sample[] = []
  /** Nodes of a network that a lookup has found as a whole; -1: none has. */
  #whole = -1
  #wholeAtMs = 0

  /**
   * A lookup is over.
   *
   * @param distances of its closest nodes to the target, {@link distanceShare}, nearest first
   * @param isWhole it found fewer nodes than it wanted, and those are all there are
   */
  add(now: number, target: Uint8Array, distances: readonly number[], isWhole: boolean): void {
    if (isWhole) {
      this.#whole = distances.length
      this.#wholeAtMs = now
      this.#samples = []
      return
    }
    this.#whole = -1
    const skipped = skippedOf(distances)
    const rank = distances.length - skipped
    const distance = distances.at(-1) ?? 0
    if (rank === 0 || distance < FINEST) return
    const sample = { atMs: now, prefix: idPrefix(target), rank, distance }
    // The same nodes again would count twice, and a target that is asked for often would be all that counts.
    this.#samples = this.#samples.filter((other) => !overlap(sample, other)).slice(1 - MAX_SAMPLES)
    this.#samples.push(sample)
    this.#forgetAnother()
  }

  /** null while nothing is known. */
  estimate(now: number): NetworkSizeEstimate | null {
    if (this.#whole !== -1) {
      const nodes = this.#whole
      return now - this.#wholeAtMs > MAX_AGE_MS ? null : { nodes, low: nodes, high: nodes, samples: 1 }
    }
    const samples = withoutOutliers(this.#recent(now))
    if (samples.length === 0) return null
    const { ranks, distances } = sumOf(samples)
    const bound = (sigma: number): number => Math.round(gammaQuantile(ranks, sigma) / distances)
    // The mean of a distance is rank / (n + 1), which one sample does not show yet.
    const nodes = Math.round((ranks - 1) / distances - 1 + 1 / samples.length)
    return { nodes, low: bound(-RANGE_SIGMA), high: bound(RANGE_SIGMA), samples: samples.length }
  }

  /**
   * Whether the closest nodes of a lookup are more than chance explains; judged by lookups of other regions.
   *
   * @param options `sinceMs`: judged by those since then only; `falseAlarms`: share of lookups of honest networks that
   *   may be called crowded, default {@link FALSE_ALARMS}
   * @returns null: no, or not known
   */
  crowdOf(now: number, target: Uint8Array, distances: readonly number[], options: CrowdOptions = {}): Crowd | null {
    const { sinceMs = -Infinity, falseAlarms = FALSE_ALARMS } = options
    const distance = distances.at(-1) ?? 0
    const region = { prefix: idPrefix(target), distance }
    const others = this.#recent(now).filter((other) => other.atMs >= sinceMs && !overlap(region, other))
    const samples = withoutOutliers(others)
    if (samples.length < LEAST_SAMPLES) return null
    const { ranks, distances: sum } = sumOf(samples)
    const skipped = skippedOf(distances)
    let least = falseAlarms / (distances.length - skipped - LEAST_CROWD + 1)
    let observed = 0
    for (let rank = LEAST_CROWD; rank <= distances.length - skipped; rank++) {
      const within = distances[skipped + rank - 1]!
      // Most are far from suspicious, and need no arithmetic to tell.
      if (within * ranks > CLEARLY_NORMAL * rank * sum) continue
      const chance = betaTail(within / (within + sum), rank, ranks)
      if (chance >= least) continue
      least = chance
      observed = rank
    }
    if (observed === 0) return null
    return { observed, expected: (distances[skipped + observed - 1]! * (ranks - 1)) / sum }
  }

  /** What was learnt before is of another network than what is now. */
  forgetBefore(atMs: number): void {
    this.#samples = this.#samples.filter((sample) => sample.atMs >= atMs)
  }

  /** Forgets all but the newest samples when those are of a network of another size: it has grown, or shrunk. */
  #forgetAnother(): void {
    const newest = this.#samples.slice(-CHANGE_SAMPLES)
    const others = withoutOutliers(this.#samples.slice(0, -CHANGE_SAMPLES))
    if (others.length === 0) return
    const { ranks, distances } = sumOf(others)
    // Each of them, so that a single sound one speaks for what was known.
    const areAll = (side: 1 | -1): boolean =>
      newest.every(({ rank, distance }) => side * ((distance * ranks) / distances - gammaQuantile(rank, side)) > 0)
    if (areAll(1) || areAll(-1)) this.#samples = newest
  }

  #recent(now: number): Sample[] {
    return this.#samples.filter(({ atMs }) => now - atMs <= MAX_AGE_MS)
  }
}

/** A node at the very target was chosen with it: what it tells about the others begins behind it. */
function skippedOf(distances: readonly number[]): number {
  return distances[0] === 0 ? 1 : 0
}

/**
 * Whether two lookups may have seen the same nodes: around both lies a subtree that is as large as their distance. The
 * smaller one counts, or a single lookup that went wrong would lie over all others.
 */
function overlap(a: Pick<Sample, 'prefix' | 'distance'>, b: Pick<Sample, 'prefix' | 'distance'>): boolean {
  const apart = ((a.prefix ^ b.prefix) >>> 0) / PREFIX_VALUES
  return apart < 2 ** Math.ceil(Math.log2(Math.min(a.distance, b.distance)))
}

function sumOf(samples: readonly Sample[]): { ranks: number; distances: number } {
  let ranks = 0
  let distances = 0
  for (const sample of samples) {
    ranks += sample.rank
    distances += sample.distance
  }
  return { ranks, distances }
}

/** Lookups that went wrong, or around an attacker's crowd, must not move the sum. */
function withoutOutliers(samples: Sample[]): Sample[] {
  if (samples.length < 3) return samples
  const sizes = samples.map(({ rank, distance }) => gammaQuantile(rank, 0) / distance).sort((a, b) => a - b)
  const middle = sizes[sizes.length >> 1]!
  return samples.filter(({ rank, distance }) => {
    const nodes = distance * middle
    return nodes >= gammaQuantile(rank, -OUTLIER_SIGMA) && nodes <= gammaQuantile(rank, OUTLIER_SIGMA)
  })
}

/** Quantile of Gamma(shape) as many standard deviations from its median (Wilson and Hilferty 1931; shape 1 or more). */
function gammaQuantile(shape: number, sigma: number): number {
  const root = 1 - 1 / (9 * shape) + sigma / (3 * Math.sqrt(shape))
  return root <= 0 ? 0 : shape * root ** 3
}

/** P(Beta(a, b) <= x) for whole a and b: that of at least a hits in a + b - 1 throws. Precise where it is small. */
export function betaTail(x: number, a: number, b: number): number {
  const throws = a + b - 1
  if (x >= a / throws) return 1 - upperSum(1 - x, b, throws)
  return upperSum(x, a, throws)
}

/** P(Binomial(throws, x) >= hits), from its largest term on downwards: for x below hits / throws. */
function upperSum(x: number, hits: number, throws: number): number {
  if (x <= 0) return 0
  let log = hits * Math.log(x) + (throws - hits) * Math.log1p(-x)
  for (let i = 1; i <= hits; i++) log += Math.log((throws - hits + i) / i)
  let term = Math.exp(log)
  let sum = 0
  for (let j = hits; j <= throws && term > sum * 1e-16; j++) {
    sum += term
    term *= ((throws - j) / (j + 1)) * (x / (1 - x))
  }
  return Math.min(sum, 1)
}
