/**
 * DELAYED_PING: answered after the delay the sender asks for. The answer that waits is state that a stranger makes us
 * hold, so it is bounded per node and per host.
 */
import type { Cancel, Clock } from '../primitives/clock.js'
import { decodeDelayedPing } from '../wire/commands.js'
import type { CommandOutcome, InboundCommand } from './contract.js'

/** Answers waiting at a time; one costs about 300 bytes and a timer. */
const MAX_PENDING = 256

/** Of these for one host: a requester has up to 4 transmissions of a request on the way, and several requests. */
const MAX_PENDING_PER_HOST = 32

export class DelayedPings {
  readonly #clock: Clock
  readonly #maxDelayMs: number
  /** BOUNDED: by MAX_PENDING. */
  readonly #pending = new Set<Cancel>()
  /** Answers waiting by host. BOUNDED: by MAX_PENDING entries. */
  readonly #perHost = new Map<number, number>()

  constructor(clock: Clock, maxDelayMs: number) {
    this.#clock = clock
    this.#maxDelayMs = maxDelayMs
  }

  /** Answers waiting now. */
  get pending(): number {
    return this.#pending.size
  }

  /** @param answerLater makes, now, a function that answers later: the received bytes do not live that long */
  handle<In extends InboundCommand>(inbound: In, answerLater: (inbound: In) => () => void): CommandOutcome {
    const { bytes, ip, message } = inbound
    const delayMs = decodeDelayedPing(bytes, message.valueAt, message.valueBytes)
    if (delayMs === -1 || delayMs > this.#maxDelayMs) return 'badArgument'
    const ofHost = this.#perHost.get(ip) ?? 0
    if (this.#pending.size >= MAX_PENDING || ofHost >= MAX_PENDING_PER_HOST) return 'overLimit'
    const answer = answerLater(inbound)
    this.#perHost.set(ip, ofHost + 1)
    const cancel = this.#clock.after(
      delayMs,
      () => {
        this.#pending.delete(cancel)
        this.#release(ip)
        answer()
      },
      true,
    )
    this.#pending.add(cancel)
    return 'handled'
  }

  /** Forgets all answers that wait. */
  clear(): void {
    for (const cancel of this.#pending) cancel()
    this.#pending.clear()
    this.#perHost.clear()
  }

  #release(ip: number): void {
    const left = (this.#perHost.get(ip) ?? 1) - 1
    if (left > 0) this.#perHost.set(ip, left)
    else this.#perHost.delete(ip)
  }
}
