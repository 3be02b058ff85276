/** What is left to each host of what `inbound-limits.ts` grants it; the bookkeeping alone. */

export interface HostBudget {
  readonly ip: number
  /** Requests it may still make. */
  requests: number
  /** Bytes it has coming for what it sent. */
  creditBytes: number
  /** Bytes it may get beyond that. */
  allowanceBytes: number
  /** -Infinity: it never has. */
  provedUntil: number
  updatedAt: number
  /** Its neighbours in the order in which hosts are forgotten. Only {@link HostBudgets} writes them. */
  older: HostBudget | null
  newer: HostBudget | null
}

/** Hosts remembered, unproved ones and as many that have proved themselves; about 170 bytes each. */
const MAX_HOSTS = 4096

/**
 * Budgets by 32-bit host number, and in the order in which they came or were renewed. The order is a list through the
 * budgets: renewing by a Map's own order would churn its table at the rate of our answers.
 */
export class HostBudgets {
  /** BOUNDED: by MAX_HOSTS, the oldest makes room. */
  readonly #byHost = new Map<number, HostBudget>()
  #oldest: HostBudget | null = null
  #newest: HostBudget | null = null

  get size(): number {
    return this.#byHost.size
  }

  get(ip: number): HostBudget | undefined {
    return this.#byHost.get(ip)
  }

  add(budget: HostBudget): void {
    if (this.#byHost.size >= MAX_HOSTS) this.remove(this.#oldest!)
    this.#byHost.set(budget.ip, budget)
    this.#append(budget)
  }

  /** Takes out one that is here. */
  remove(budget: HostBudget): void {
    this.#byHost.delete(budget.ip)
    this.#unlink(budget)
  }

  /** Makes one that is here the newest. */
  renew(budget: HostBudget): void {
    if (budget === this.#newest) return
    this.#unlink(budget)
    this.#append(budget)
  }

  #append(budget: HostBudget): void {
    budget.older = this.#newest
    if (this.#newest === null) this.#oldest = budget
    else this.#newest.newer = budget
    this.#newest = budget
  }

  #unlink(budget: HostBudget): void {
    const { older, newer } = budget
    if (older === null) this.#oldest = newer
    else older.newer = newer
    if (newer === null) this.#newest = older
    else newer.older = older
    budget.older = null
    budget.newer = null
  }
}
