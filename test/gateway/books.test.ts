/** What a gateway tells its clients and its operator of numbers: they add up. */
import test from 'brittle'
import fc from 'fast-check'
import { createGatewayStats, formatMetrics } from '../../lib/gateway/metrics.js'
import { RefusalNotices } from '../../lib/gateway/refusal-notices.js'
import { REFUSALS } from '../../lib/transport/tunnel/refusal.js'
import { holds } from '../helpers/properties.js'

test('refusal notices: each refusal is told once, and notices are a second apart', (t) => {
  const refusal = fc.record({ reason: fc.constantFrom(...REFUSALS), afterMs: fc.nat(400), asks: fc.boolean() })
  holds(
    t,
    fc.property(fc.array(refusal, { maxLength: 60 }), (steps) => {
      const notices = new RefusalNotices()
      const added = new Map<string, number>()
      const told = new Map<string, number>()
      let now = 0
      let toldAt = -Infinity
      const take = (): boolean => {
        const notice = notices.take(now)
        if (notice === null) return true
        if (notice.type !== 'refused' || now - toldAt < 1000 || notice.counts.length === 0) return false
        toldAt = now
        for (const { reason, count } of notice.counts) told.set(reason, (told.get(reason) ?? 0) + count)
        return new Set(notice.counts.map(({ reason }) => reason)).size === notice.counts.length
      }
      for (const { reason, afterMs, asks } of steps) {
        now += afterMs
        notices.add(reason)
        added.set(reason, (added.get(reason) ?? 0) + 1)
        if (asks && !take()) return false
      }
      now += 1000
      if (!take() || notices.take(now + 5000) !== null) return false
      return REFUSALS.every((reason) => added.get(reason) === told.get(reason))
    }),
  )
})

test('metrics: each counter is in the text once, with its number', (t) => {
  holds(
    t,
    fc.property(fc.infiniteStream(fc.nat(2 ** 40)), (numbers) => {
      const stats = createGatewayStats()
      const all: number[] = []
      const fill = (counters: object): void => {
        for (const [name, value] of Object.entries(counters) as [string, unknown][]) {
          if (typeof value === 'object') fill(value as object)
          else all.push(((counters as Record<string, number>)[name] = numbers.next().value as number))
        }
      }
      stats.connections.closed = { idle: 0, malformed: 0 }
      fill(stats)
      const values = formatMetrics(stats)
        .trimEnd()
        .split('\n')
        .filter((line) => !line.startsWith('#'))
        .map((line) => {
          const [, value] = /^xorpc_gateway_[a-z_]+(?:\{[a-z]+="[\w-]+"\})? (\d+)$/.exec(line) ?? []
          return Number(value)
        })
      return values.toSorted((a, b) => a - b).join() === all.toSorted((a, b) => a - b).join()
    }),
  )
})
