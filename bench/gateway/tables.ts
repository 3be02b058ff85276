/** Tables of what was measured of the gateway, for the documentation. */
import { formatNumber, formatSummary, formatTable, type Summary } from '../table.js'
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
  ['medianMs', 'lookup, median', 'ms'],
  ['meanMs', 'lookup, mean', 'ms'],
  ['requests', 'requests of a lookup', ''],
]

/** Sections of docs/GATEWAY.md, by name. */
export function gatewaySections({ machine, rates, blocked }: GatewayResult): Record<string, string> {
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
  }
}

/** Sections of docs/BROWSER.md, by name. */
export function pageSections({ lookups }: GatewayResult): Record<string, string> {
  if (lookups === undefined) return {}
  const { udp, program, page, worker } = lookups.ways
  const ratio = (way: Figures): string => formatNumber(way['medianMs']!.median / udp['medianMs']!.median)
  const table = tableOf(
    LOOKUPS,
    { 'Node.js, UDP': udp, 'Node.js, gateway': program, 'a page, gateway': page, 'a Worker, gateway': worker },
    [['median, against Node.js on UDP', '', '1', ratio(program), ratio(page), ratio(worker)]],
  )
  return { 'page-lookups': table }
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
