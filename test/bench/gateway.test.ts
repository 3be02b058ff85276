/** The command line of the gateway's benchmark, and its tables. */
import test from 'brittle'
import type { Figures, GatewayResult } from '../../bench/gateway/measure.js'
import { parseGatewayCommand } from '../../bench/gateway/plan.js'
import { marked, markOf, OP, opOf, requestOf } from '../../bench/gateway/request.js'
import { gatewaySections } from '../../bench/gateway/tables.js'
import { inspectOutgoing, NO_PORT } from '../../lib/gateway/datagram-rules.js'

function figures(values: Record<string, number>): Figures {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, { median: value, min: value, max: value }]),
  )
}

test('gateway bench: --only and --rounds choose, what makes no sense is a TypeError', (t) => {
  t.alike(parseGatewayCommand(['--only', 'lookups,rates']).plan.parts, ['rates', 'lookups'])
  t.is(parseGatewayCommand(['--rounds', '2']).plan.rounds, 2)
  for (const args of [['--rounds', '0'], ['--only', 'nothing'], ['--quick', '--write-docs'], ['--unknown']]) {
    void t.exception.all(() => parseGatewayCommand(args), TypeError, args.join(' '))
  }
})

test('gateway bench: its datagrams are ones that a gateway lets pass, with what is asked and a number', (t) => {
  for (const sizeBytes of [100, 1200]) {
    const datagram = marked(requestOf(sizeBytes), OP.source, 123.5)
    t.is(datagram.length, sizeBytes)
    t.is(inspectOutgoing(datagram), NO_PORT)
    t.alike([opOf(datagram), markOf(datagram)], [OP.source, 123.5])
  }
})

test('gateway bench: tables say what was measured, and nothing where nothing was', (t) => {
  const rates = { medianMs: 0.5, p99Ms: 1, receiveRate: 60_000, sendRate: 70_000, echoRate: 40_000 }
  const result: GatewayResult = {
    machine: 'this one',
    rates: { udp: figures(rates), program: figures({ ...rates, perMessage: 31 }), page: figures(rates) },
    lookups: {
      nodes: 100,
      ways: {
        udp: figures({ medianMs: 2, busyPerSecond: 900 }),
        program: figures({ medianMs: 3, busyPerSecond: 600 }),
        page: figures({ medianMs: 4, busyPerSecond: 300 }),
        worker: figures({ medianMs: 3.5, busyPerSecond: 360 }),
      },
    },
  }
  const sections = gatewaySections(result)
  t.alike(Object.keys(sections), ['gateway-machine', 'gateway-rates', 'gateway-lookups'])
  t.ok(/to the client +\| 1\/s +\| 60000 +\| 60000 +\| 60000/.test(sections['gateway-rates']!))
  t.ok(/in a message.* – .* 31\.0 .* – /.test(sections['gateway-rates']!))
  const lookups = sections['gateway-lookups']!
  for (const row of [
    /after the other: to Node\.js, gateway +\| times \| 0\.67 +\| 1\.00 +\| 1\.33 +\| 1\.17 /,
    /after the other: to Node\.js, UDP +\| times \| 1\.00 +\| 1\.50 +\| 2\.00 +\| 1\.75 /,
    /of a lookup to Node\.js, gateway +\| times \| 0\.67 +\| 1\.00 +\| 2\.00 +\| 1\.67 /,
    /of a lookup to Node\.js, UDP +\| times \| 1\.00 +\| 1\.50 +\| 3\.00 +\| 2\.50 /,
  ]) {
    t.ok(row.test(lookups), lookups)
  }
  t.alike(Object.keys(gatewaySections({ machine: '' })), ['gateway-machine'])
})
