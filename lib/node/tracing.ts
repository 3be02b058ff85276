/** Who hears of the lookups of a node: the node's `trace` option all of them, that of a query its own. */
import type { Clock } from '../primitives/clock.js'
import { throwLater } from '../primitives/report.js'
import type { LookupEvent, LookupKind } from '../query/trace.js'
import { Tracer } from '../query/tracer.js'

/** Called with every step of a lookup, as it happens. What it throws is uncaught, but only after our work is done. */
export type TraceCallback = (event: LookupEvent) => void

export class Tracing {
  readonly #clock: Pick<Clock, 'now'>
  readonly #forAll: TraceCallback | null
  #lookups = 0

  /** @param forAll hears of all lookups; null: nobody does */
  constructor(clock: Pick<Clock, 'now'>, forAll: TraceCallback | null) {
    this.#clock = clock
    this.#forAll = forAll
  }

  /**
   * @param forOne hears of this lookup
   * @returns null where nobody listens: such a lookup has nothing to do with tracing any more
   */
  create(
    kind: LookupKind,
    { command, target }: { command: number; target: Uint8Array },
    forOne: TraceCallback | null = null,
  ): Tracer | null {
    const forAll = this.#forAll
    if (forAll === null && forOne === null) return null
    const emit = (event: LookupEvent): void => {
      if (forAll !== null) call(forAll, event)
      if (forOne !== null) call(forOne, event)
    }
    return new Tracer({ lookup: ++this.#lookups, kind, command, target, now: () => this.#clock.now(), emit })
  }
}

function call(callback: TraceCallback, event: LookupEvent): void {
  try {
    callback(event)
  } catch (error) {
    throwLater(error)
  }
}
