/**
 * Who we are to others: our public address, whether our server socket can be reached, and whether we are persistent
 * (behaviour 8 and 9). The one place where this state lives.
 *
 * Invariants: `id` is the hash of the address that others see; when that address changes, the id is given up at once;
 * every step to persistent follows a fresh probe, unless the user said that there is no firewall.
 */
import b4a from 'b4a'
import { formatIPv4, keyOf } from '../primitives/address.js'
import { idFromAddress } from '../primitives/id.js'
import { NatSampler } from '../nat/sampler.js'
import { answersNeeded, isReachable, type ProbeResult, UpgradeSchedule } from '../nat/upgrade.js'

/** An answer to a probe: from whom, whether it came in on the server socket, and how that node sees us. */
export interface ProbeAnswer {
  key: number
  onServerSocket: boolean
  toKey: number
}

export interface IdentityHost {
  now(): number
  /** Local port of the server socket. */
  serverPort(): number
  /** Nodes to probe with: about five, each address once. */
  probeTargets(): Promise<readonly { host: string; port: number }[]>
  /** Asks one node to send a datagram to the server socket; null when no answer came. */
  pingNat(node: { host: string; port: number }): Promise<ProbeAnswer | null>
  onNatUpdate(host: string | null, port: number): void
  /** Called in the very step in which `id` changes. */
  onId(id: Uint8Array): void
  onPersistent(): void
  onEphemeral(): void
}

/**
 * Why a node is ephemeral:
 * - `told`: by the option `ephemeral: true`, or `adaptive: false`
 * - `address-unknown`: nobody has told us our address. So it is with the first node of a network, until others ask it
 *   and answer it: make that one with `DHT.bootstrapper`
 * - `port-random`: our NAT shows every peer another port
 * - `waiting`: the address is known, and has to stay the same for `stableAfterMs`
 * - `probing`: it is being found out whether we can be reached
 * - `unreachable`: the last probe did not get through to us, and will be repeated
 */
export type EphemeralReason = 'told' | 'address-unknown' | 'port-random' | 'waiting' | 'probing' | 'unreachable'

export interface IdentityOptions {
  firewalled: boolean
  /** Turns persistent by itself after a while. */
  adaptive: boolean
  /** Was told to be persistent. */
  forced: boolean
  stableAfterMs: number
  /** Unidentified nodes whose view of our address counts: as many as there are bootstrap nodes. */
  maxUnidentified: number
}

export class Identity {
  readonly #host: IdentityHost
  readonly #options: IdentityOptions
  readonly #schedule: UpgradeSchedule
  #sampler = new NatSampler()
  #fixed: { host: string; port: number } | null = null
  /** Unidentified sources that were sampled. BOUNDED: by maxUnidentified. */
  readonly #unidentified = new Set<number>()
  #ephemeral = true
  #firewalled: boolean
  #attempt: Promise<boolean> | null = null
  /** Whether the last probe failed. */
  #unreachable = false
  /** Address key our id is the hash of; -1 while ephemeral. */
  #ownKey = -1
  /** Changes when what an attempt started from no longer holds. */
  #epoch = 0

  constructor(host: IdentityHost, options: IdentityOptions) {
    this.#host = host
    this.#options = options
    this.#firewalled = options.firewalled
    const { forced, stableAfterMs } = options
    this.#schedule = new UpgradeSchedule({ forced, stableAfterMs, now: host.now() })
  }

  get ephemeral(): boolean {
    return this.#ephemeral
  }

  get firewalled(): boolean {
    return this.#firewalled
  }

  /** Public host, null while unknown. */
  get host(): string | null {
    return this.#fixed === null ? this.#sampler.host : this.#fixed.host
  }

  /** Public port, 0 while unknown or different from peer to peer. */
  get port(): number {
    return this.#fixed === null ? this.#sampler.port : this.#fixed.port
  }

  /** null while persistent. */
  get ephemeralReason(): EphemeralReason | null {
    if (!this.#ephemeral) return null
    if (!this.#options.adaptive && !this.#options.forced) return 'told'
    if (this.host === null) return 'address-unknown'
    if (this.port === 0) return 'port-random'
    if (this.#attempt !== null) return 'probing'
    return this.#unreachable ? 'unreachable' : 'waiting'
  }

  /** Whether it is time to try to become persistent. */
  get isUpgradeDue(): boolean {
    const wanted = this.#options.adaptive || this.#options.forced
    return wanted && this.#ephemeral && this.#attempt === null && this.#schedule.dueAt <= this.#host.now()
  }

  /** The public address is known for certain, as a bootstrapper's is: nobody's view of it counts. */
  fixAddress(host: string, port: number): void {
    this.#fixed = { host, port }
    this.#schedule.onAddress(this.#host.now(), true)
  }

  /**
   * A node that answered us says how it sees the socket we asked from.
   *
   * @param source address key of that node
   * @param toKey address key of us in its eyes
   */
  sample(source: number, toKey: number, identified: boolean): void {
    if (this.#fixed !== null) return
    if (!identified && !this.#unidentified.has(source)) {
      if (this.#unidentified.size >= this.#options.maxUnidentified) return
      this.#unidentified.add(source)
    }
    const host = formatIPv4(Math.floor(toKey / 65536))
    if (this.#sampler.add(source, host, toKey % 65536)) this.#onAddress()
  }

  /**
   * Tries to become reachable, and with `persistent` also persistent. One attempt at a time: a second call joins it.
   *
   * @returns whether something changed
   */
  upgrade(persistent: boolean): Promise<boolean> {
    this.#attempt ??= this.#tryUpgrade(persistent).finally(() => (this.#attempt = null))
    return this.#attempt
  }

  /** The machine slept or was elsewhere: what we knew of our address is old. */
  onWakeup(): void {
    this.#schedule.onWakeup(this.#host.now())
    if (this.#fixed !== null || (!this.#options.adaptive && !this.#options.forced)) return
    this.#forgetAddress()
    this.#demote()
  }

  /** Nothing that is under way shall change us any more. */
  close(): void {
    this.#epoch++
  }

  #onAddress(): void {
    const { host, port } = this.#sampler
    this.#schedule.onAddress(this.#host.now(), host !== null && port !== 0)
    this.#host.onNatUpdate(host, port)
    if (!this.#ephemeral && host !== null && keyOf(host, port) !== this.#ownKey) {
      // Others compute another id for us now, so the old one only makes us unidentified.
      this.#forgetAddress()
      this.#demote()
    }
  }

  #forgetAddress(): void {
    this.#epoch++
    this.#unreachable = false
    this.#unidentified.clear()
    this.#firewalled = this.#options.firewalled
    if (this.#sampler.reset()) this.#host.onNatUpdate(null, 0)
  }

  #demote(): void {
    if (this.#ephemeral) return
    this.#ephemeral = true
    this.#ownKey = -1
    this.#host.onEphemeral()
  }

  async #tryUpgrade(persistent: boolean): Promise<boolean> {
    const epoch = this.#epoch
    const { host, port } = this
    if (!this.#ephemeral || (!persistent && !this.#firewalled)) return false
    if (host === null || port === 0) return false
    const probe = this.#firewalled ? await this.#probe(host) : null
    if (epoch !== this.#epoch) return false
    this.#unreachable = this.#firewalled && probe === null
    if (this.#unreachable) {
      this.#schedule.onFailure(this.#host.now())
      return false
    }
    if (this.host !== host || this.port !== port) {
      this.#schedule.onFailure(this.#host.now())
      return false
    }
    this.#firewalled = false
    if (probe !== null) this.#adopt(probe)
    if (persistent) this.#becomePersistent()
    return true
  }

  /** From here on requests leave from the server socket, so its address is ours. */
  #adopt(probe: NatSampler): void {
    const { host, port } = this.#sampler
    this.#sampler = probe
    this.#unidentified.clear()
    if (probe.host === host && probe.port === port) return
    this.#schedule.onAddress(this.#host.now(), true)
    this.#host.onNatUpdate(probe.host, probe.port)
  }

  #becomePersistent(): void {
    const host = this.host!
    const { port } = this
    this.#ephemeral = false
    this.#ownKey = keyOf(host, port)
    this.#host.onId(ownCopy(idFromAddress(host, port)))
    this.#host.onPersistent()
  }

  /** Has others send to the server socket. Returns how they see it, or null when it cannot be reached. */
  async #probe(natHost: string): Promise<NatSampler | null> {
    const targets = await this.#host.probeTargets()
    const sampler = new NatSampler()
    const needed = answersNeeded(targets.length)
    const result: ProbeResult = { asked: targets.length, reached: 0, host: null, port: 0 }
    const localPort = this.#host.serverPort()
    return new Promise((resolve) => {
      let open = targets.length
      const settle = (answer: ProbeAnswer | null): void => {
        open--
        if (answer !== null && answer.onServerSocket) {
          sampler.add(answer.key, formatIPv4(Math.floor(answer.toKey / 65536)), answer.toKey % 65536)
          result.reached++
          result.host = sampler.host
          result.port = sampler.port
        }
        // Enough is enough: the slowest of five does not hold us up.
        if (result.reached >= needed && isReachable(result, natHost, localPort)) resolve(sampler)
        else if (open === 0) resolve(null)
      }
      if (open === 0) resolve(null)
      for (const target of targets) void this.#host.pingNat(target).then(settle)
    })
  }
}

/** Our id is handed out and kept by others: it gets memory of its own. */
function ownCopy(id: Uint8Array): Uint8Array {
  const copy = b4a.alloc(id.length)
  copy.set(id)
  return copy
}
