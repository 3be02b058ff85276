import test from 'brittle'
import fc from 'fast-check'
import { type HostBudget, HostBudgets } from '../../lib/rpc/host-budgets.js'
import { holds } from '../helpers/properties.js'

/** Hosts remembered. */
const MAX_HOSTS = 4096

function budgetOf(ip: number): HostBudget {
  const rest = { requests: 0, creditBytes: 0, allowanceBytes: 0, provedUntil: -Infinity, updatedAt: 0 }
  return { ip, ...rest, older: null, newer: null }
}

/** Oldest first, as the links have it. */
function orderOf(budgets: HostBudgets, ips: readonly number[]): number[] {
  const known = ips.map((ip) => budgets.get(ip)).filter((budget) => budget !== undefined)
  const order: number[] = []
  for (let at = known.find(({ older }) => older === null) ?? null; at !== null; at = at.newer) order.push(at.ip)
  return order
}

test('host budgets: whoever came or was renewed last is forgotten last', (t) => {
  const ips = [1, 2, 3, 4, 5, 6]
  const step = fc.tuple(fc.constantFrom('add', 'remove', 'renew'), fc.constantFrom(...ips))
  holds(
    t,
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const budgets = new HostBudgets()
      let order: number[] = []
      for (const [what, ip] of steps) {
        const budget = budgets.get(ip)
        if ((budget !== undefined) !== order.includes(ip)) return false
        if (what === 'add' && budget === undefined) budgets.add(budgetOf(ip))
        else if (what === 'remove' && budget !== undefined) budgets.remove(budget)
        else if (what === 'renew' && budget !== undefined) budgets.renew(budget)
        else continue
        order = order.filter((other) => other !== ip)
        if (what !== 'remove') order.push(ip)
        if (budgets.size !== order.length || orderOf(budgets, ips).join() !== order.join()) return false
      }
      return true
    }),
    { numRuns: 500 },
  )
})

test('host budgets: there are 4096 at most, and the oldest makes room', (t) => {
  const budgets = new HostBudgets()
  for (let ip = 1; ip <= MAX_HOSTS; ip++) budgets.add(budgetOf(ip))
  budgets.renew(budgets.get(1)!)
  for (let ip = MAX_HOSTS + 1; ip <= MAX_HOSTS + 3; ip++) budgets.add(budgetOf(ip))
  t.is(budgets.size, MAX_HOSTS)
  t.alike(
    [1, 2, 3, 4, 5].map((ip) => budgets.get(ip) !== undefined),
    [true, false, false, false, true],
  )
})
