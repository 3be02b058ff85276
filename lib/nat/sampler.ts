/**
 * Our public address, as the majority of others see it (behaviour section 8).
 *
 * Keeps the last 16 answers to "where did my datagram come from", one for each source, so nobody votes twice. A result
 * needs more than half of the votes, and almost all while there are few. Reading it: host null = unknown; host with
 * port 0 = the host is certain, the port differs from peer to peer (a NAT that maps by destination); both = certain.
 */

/** Samples kept: enough for a vote that some wrong answers do not turn, few enough to follow a changed address. */
const MAX_SAMPLES = 16

/** Votes needed, by the number of samples: all of 3, then one, two and three may differ. */
const THRESHOLDS = [0, 1, 2, 3, 3, 4, 5, 6, 6, 7, 8, 9, 9, 10, 11, 12, 13] as const

interface Sample {
  source: string | number
  host: string
  port: number
}

export class NatSampler {
  /** Oldest first. BOUNDED: by 16, the oldest goes. */
  readonly #samples: Sample[] = []
  #host: string | null = null
  #port = 0

  /** Dotted-decimal host that enough sources agree on; null = unknown. */
  get host(): string | null {
    return this.#host
  }

  /** Port that enough sources agree on; 0 = unknown or different from peer to peer. */
  get port(): number {
    return this.#port
  }

  /** Number of samples, 0 to 16. */
  get size(): number {
    return this.#samples.length
  }

  /** Votes that a result needs now. */
  get threshold(): number {
    return THRESHOLDS[this.#samples.length]!
  }

  /**
   * Counts one source's view of our address, in place of its earlier one.
   *
   * @param source who says so: its address key, or any string
   * @param host dotted-decimal host it sees
   * @param port port it sees
   * @returns whether the result changed
   */
  add(source: string | number, host: string, port: number): boolean {
    this.#forget(source)
    this.#samples.push({ source, host, port })
    return this.#settle()
  }

  /** Forgets everything. Returns whether the result changed. */
  reset(): boolean {
    this.#samples.length = 0
    return this.#settle()
  }

  /** Makes room for a sample of `source`: its own earlier one goes, else the oldest of sixteen. */
  #forget(source: string | number): void {
    const index = this.#samples.findIndex((sample) => sample.source === source)
    if (index !== -1) this.#samples.splice(index, 1)
    else if (this.#samples.length === MAX_SAMPLES) this.#samples.shift()
  }

  #settle(): boolean {
    const host = this.#electHost()
    const port = host === null ? 0 : this.#electPort(host)
    if (host === this.#host && port === this.#port) return false
    this.#host = host
    this.#port = port
    return true
  }

  /** Thresholds exceed one half, so at most one candidate reaches them and any order of counting will do. */
  #electHost(): string | null {
    for (const { host } of this.#samples) {
      if (this.#samples.filter((sample) => sample.host === host).length >= this.threshold) return host
    }
    return null
  }

  #electPort(host: string): number {
    for (const { port } of this.#samples) {
      const votes = this.#samples.filter((sample) => sample.port === port && sample.host === host).length
      if (votes >= this.threshold) return port
    }
    return 0
  }
}
