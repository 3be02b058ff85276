/** Tables of what was measured of the gateway, for the documentation. */
import { formatNumber, formatSummary, formatTable, type Summary } from '../table.js'
import { BUSY_LOOKUPS } from './lookups.js'
import type { Figures, GatewayResult } from './measure.js'

type RowText = [key: string, label: string, unit: string]

const RATES: RowText[] = [
  ['medianMs', 'round trip of one datagram, median', 'ms'],
  ['p99Ms', 'round trip of one datagram, p99', 'ms'],
  ['webSocketMs', 'round trip of a bare WebSocket message, median', 'ms'],
  ['receiveRate', 'datagrams of 100 bytes to the client', '1/s'],
  ['sendRate', 'datagrams of 100 bytes from the client', '1/s'],
  ['echoRate', 'datagrams of 100 bytes there and back', '1/s'],
  ['receiveRateMicros', 'CPU of the gateway, a datagram to the client', 'µs'],
  ['sendRateMicros', 'CPU of the gateway, a datagram from the client', 'µs'],
  ['perMessage', 'datagrams in a message to the client', ''],
]

const BLOCKED: RowText[] = [
  ['delivered', 'delivered', '%'],
  ['medianMs', 'age when delivered, median', 'ms'],
  ['p99Ms', 'age when delivered, p99', 'ms'],
  ['p999Ms', 'age when delivered, p99.9', 'ms'],
  ['maxMs', 'age when delivered, oldest', 'ms'],
  ['calmP99Ms', 'p99 from a second after it goes on', 'ms'],
]

const LOOKUPS: RowText[] = [
  ['medianMs', 'one after the other: median', 'ms'],
  ['meanMs', 'one after the other: mean', 'ms'],
  ['requests', 'requests of a lookup', ''],
  ['busyMedianMs', `${BUSY_LOOKUPS} at a time: median`, 'ms'],
  ['busyPerSecond', `${BUSY_LOOKUPS} at a time: lookups a second`, '1/s'],
]

/** Sections of docs/GATEWAY.md, by name. */
export function gatewaySections({ machine, rates, blocked, lookups }: GatewayResult): Record<string, string> {
  return {
    'gateway-machine': machine,
    ...(rates && {
      'gateway-rates': tableOf(RATES, {
        'plain UDP': rates.udp,
        'a program through the gateway': rates.program,
        'a page through the gateway': rates.page,
      }),
    }),
    ...(blocked && {
      'gateway-blocked': tableOf(BLOCKED, {
        'a page, 64 KiB': blocked['page']!,
        'a program, 64 KiB': blocked['program']!,
        'a page, 16 MiB: as good as none': blocked['page-without']!,
      }),
    }),
    ...(lookups && { 'gateway-lookups': lookupTable(lookups) }),
  }
}

function lookupTable({ ways }: NonNullable<GatewayResult['lookups']>): string {
  const { udp, program, page, worker } = ways
  const columns = {
    'Node.js, UDP': udp,
    'Node.js, gateway': program,
    'a page, gateway': page,
    'a Worker, gateway': worker,
  }
  const ratios = (label: string, timesOf: (way: Figures) => number): string[] => [
    label,
    'times',
    ...Object.values(columns).map((way) => formatNumber(timesOf(way))),
  ]
  const timeOf = (way: Figures): number => medianOf(way, 'medianMs')
  const busyTimeOf = (way: Figures): number => 1 / medianOf(way, 'busyPerSecond')
  const busy = `${BUSY_LOOKUPS} at a time: time of a lookup`
  return tableOf(LOOKUPS, columns, [
    ratios('one after the other: to Node.js, gateway', (way) => timeOf(way) / timeOf(program)),
    ratios('one after the other: to Node.js, UDP', (way) => timeOf(way) / timeOf(udp)),
    ratios(`${busy} to Node.js, gateway`, (way) => busyTimeOf(way) / busyTimeOf(program)),
    ratios(`${busy} to Node.js, UDP`, (way) => busyTimeOf(way) / busyTimeOf(udp)),
  ])
}

function medianOf(figures: Figures, key: string): number {
  return figures[key]!.median
}

function tableOf(rows: RowText[], columns: Record<string, Figures>, more: string[][] = []): string {
  const cell = (summary: Summary | undefined): string => (summary === undefined ? '–' : formatSummary(summary))
  const body = rows.map(([key, label, unit]) => [
    label,
    unit,
    ...Object.values(columns).map((figures) => cell(figures[key])),
  ])
  return formatTable([['', 'unit', ...Object.keys(columns)], ...body, ...more])
}
