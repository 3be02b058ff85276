/**
 * Measures the gateway from Node.js: round trips and datagrams per second against plain UDP, and what is delivered to a
 * client that stands still for two seconds, with flow control and without.
 *
 *     node dist/bench/gateway.js [--quick]
 *
 * Client, gateway and the other side are three processes; in plain UDP the gateway has no part. Tables go to stdout.
 */
import { flood } from './gateway/flood.js'
import { measureBlocked } from './gateway/blocked.js'
import { withStage } from './gateway/stage.js'
import { measureRoundTrips } from './gateway/round-trips.js'
import { medianOf } from './measurement.js'

const isQuick = process.argv.includes('--quick')
const ROUNDS = isQuick ? 1 : 5
const PINGS = isQuick ? 100 : 2000
const FLOOD_MS = isQuick ? 200 : 2000

function spread(values: number[], digits: number): string {
  const [least, most] = [Math.min(...values), Math.max(...values)]
  return `${medianOf(values).toFixed(digits)} (${least.toFixed(digits)} – ${most.toFixed(digits)})`
}

async function main(): Promise<void> {
  const rows: [string, Record<string, number[]>][] = [
    ['round trip of a datagram, median, ms', {}],
    ['round trip of a datagram, p99, ms', {}],
    ['datagrams per second, there and back', {}],
    ['CPU time of the client, there and back, µs', {}],
    ['CPU time of the gateway, there and back, µs', {}],
    ['datagrams per message of the gateway', {}],
  ]
  for (let round = 0; round < ROUNDS; round++) {
    for (const way of round % 2 === 0 ? (['udp', 'gateway'] as const) : (['gateway', 'udp'] as const)) {
      await withStage(way, async (stage) => {
        const times = await measureRoundTrips(stage, PINGS)
        const { perSecond, perMessage, clientMicros, gatewayMicros } = await flood(stage, FLOOD_MS)
        const values = [times.medianMs, times.p99Ms, perSecond, clientMicros, gatewayMicros, perMessage]
        for (const [i, value] of values.entries()) (rows[i]![1][way] ??= []).push(value)
      })
    }
  }
  console.log(`### Through a gateway, against plain UDP (median of ${ROUNDS}, least – most)\n`)
  console.log('| | through the gateway | plain UDP |\n|---|---|---|')
  for (const [i, [label, { gateway, udp }]] of rows.entries()) {
    const digits = i < 2 ? 3 : i === 2 ? 0 : 1
    console.log(`| ${label} | ${spread(gateway!, digits)} | ${i > 3 ? '–' : spread(udp!, digits)} |`)
  }
  console.log('\n### A client that stands still for 2 s, at 10,000 datagrams of 1,200 bytes a second\n')
  console.log('| | window of 64 KiB | window of 16 MiB (as good as none) |\n|---|---|---|')
  const [credit, none] = [await measureBlocked(64 * 1024, isQuick), await measureBlocked(16 * 1024 * 1024, isQuick)]
  for (const name of ['delivered', 'medianMs', 'p99Ms', 'p999Ms', 'maxMs'] as const) {
    const label =
      name === 'delivered' ? 'delivered, % of what was sent' : `age when delivered, ${name.slice(0, -2)}, ms`
    console.log(`| ${label} | ${credit[name].toFixed(1)} | ${none[name].toFixed(1)} |`)
  }
}

await main()
