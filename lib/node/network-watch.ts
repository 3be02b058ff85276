/**
 * What the lookups of a node tell it about the network: how large it is, and whether somebody has crowded around a key.
 *
 * Who grinds addresses until their hashes lie around a key can keep it from everybody else (an eclipse). He cannot do
 * it without being many where there should be few. Lookups that look so are checked against a few fresh ones of random
 * keys, so that a network that has grown is not taken for an attacker; what remains is told.
 *
 * Costs some arithmetic per lookup, nothing per datagram, and a few lookups per suspicion.
 */
import { ID_BYTES } from '../primitives/id.js'
import type { Crowd, NetworkSizeEstimate } from '../query/network-size.js'
import { distanceShare, NetworkSize } from '../query/network-size.js'
import { K } from '../routing/table.js'
import type { Peer } from '../rpc/reply.js'
import type { Core } from './core.js'
import type { Tell } from './events.js'
import { ownLookup } from './own-lookup.js'

/** What the event `eclipse-warning` tells. */
export interface EclipseWarning {
  /** 32-byte key that somebody has crowded around. */
  target: Uint8Array
  /** Nodes that should be as near to it as those named here. */
  expected: number
  /** Nodes that are. */
  observed: number
  /** Those nodes, nearest first. Some of them may be honest. */
  nodes: readonly Peer[]
}

/** Lookups of random keys that a suspicion is checked with: 60 nodes tell the density to 13 %. */
const CONTROLS = 3

/** BOUNDED: suspicions that wait for the check under way; more are forgotten, and come again. */
const MAX_SUSPICIONS = 16

/** What was told lately is not checked and told again, for any key within the crowd. */
const QUIET_MS = 10 * 60_000

/** BOUNDED: crowds remembered for that. */
const MAX_TOLD = 64

interface Finding {
  target: Uint8Array
  distances: number[]
  nodes: readonly Peer[]
}

/** What became of a lookup. */
export interface LookupResult {
  target: Uint8Array
  /** The closest nodes, nearest first. */
  nodes: readonly Peer[]
  /** Whether all nodes on the way could be results: those that refuse the lookup's command cannot. */
  isComplete: boolean
}

export class NetworkWatch {
  readonly #core: Core
  readonly #tell: Tell
  readonly #size = new NetworkSize()
  /** BOUNDED: by MAX_SUSPICIONS. */
  #suspicions: Finding[] = []
  #isChecking = false
  /** What was told lately, and how far around its key it reaches. BOUNDED: by MAX_TOLD. */
  #told: { atMs: number; target: Uint8Array; reach: number }[] = []

  constructor(core: Core, tell: Tell) {
    this.#core = core
    this.#tell = tell
  }

  /** The size of the network; null while unknown. */
  get size(): NetworkSizeEstimate | null {
    return this.#size.estimate(this.#core.clock.now())
  }

  /** A lookup came to its natural end. */
  onLookup({ target, nodes, isComplete }: LookupResult): void {
    const now = this.#core.clock.now()
    const distances = nodes.map(({ id }) => distanceShare(target, id!))
    if (nodes.length >= K) {
      if (this.#size.crowdOf(now, target, distances) !== null) this.#suspect({ target, distances, nodes })
      if (isComplete) this.#size.add(now, target, distances, false)
    } else if (isComplete && nodes.length > 0 && nodes.length >= this.#core.contacts.table.size) {
      this.#size.add(now, target, distances, true)
    }
  }

  #suspect(finding: Finding): void {
    if (this.#suspicions.length >= MAX_SUSPICIONS || this.#wasTold(finding.target)) return
    this.#suspicions.push(finding)
    if (!this.#isChecking) void this.#check()
  }

  /** Looks at the network anew, and tells what is crowded still. */
  async #check(): Promise<void> {
    this.#isChecking = true
    const { clock, random } = this.#core
    const startedAt = clock.now()
    for (let i = 0; i < CONTROLS && this.#core.closed === null; i++) {
      await ownLookup(this.#core, random.bytes(ID_BYTES), { kind: 'refresh' })
    }
    const suspicions = this.#suspicions
    this.#suspicions = []
    this.#isChecking = false
    if (this.#core.closed !== null) return
    let acquitted = false
    for (const finding of suspicions) {
      const crowd = this.#size.crowdOf(clock.now(), finding.target, finding.distances, { sinceMs: startedAt })
      if (crowd === null) acquitted = true
      else this.#warn(finding, crowd)
    }
    if (acquitted) this.#size.forgetBefore(startedAt)
  }

  #warn({ target, distances, nodes }: Finding, { expected, observed }: Crowd): void {
    if (this.#wasTold(target)) return
    this.#told = this.#told.slice(1 - MAX_TOLD)
    this.#told.push({ atMs: this.#core.clock.now(), target, reach: 2 * distances[observed - 1]! })
    this.#tell('eclipse-warning', { target, expected, observed, nodes: nodes.slice(0, observed) })
  }

  #wasTold(target: Uint8Array): boolean {
    const since = this.#core.clock.now() - QUIET_MS
    return this.#told.some((told) => told.atMs > since && distanceShare(told.target, target) <= told.reach)
  }
}
