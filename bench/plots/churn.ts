/** Lookups under churn, against the half-life of a node's session. */
import type { ChurnFigures, ChurnResult } from '../scenarios/churn.js'
import { SUBJECTS } from '../scenarios/scenario.js'
import { COLORS, drawPicture, type Panel, Plot, TEXT_COLORS } from './canvas.js'

const MINUTE_MS = 60_000

const PERCENTILES: { figure: 'p50Ms' | 'p95Ms' | 'p99Ms'; name: string; width: number }[] = [
  { figure: 'p50Ms', name: 'p50', width: 2.5 },
  { figure: 'p95Ms', name: 'p95', width: 1.75 },
  { figure: 'p99Ms', name: 'p99', width: 1.25 },
]

/** Height of a label, as a share of the highest value. */
const LABEL_SHARE = 0.065

export function drawChurn({ networks, nodes, durationMs, versions }: ChurnResult): string {
  const hours = Math.round(durationMs / 6 / MINUTE_MS) / 10
  return drawPicture({
    title: `Lookups while nodes come and go: ${nodes.toLocaleString('en-US')} nodes, ${hours} h of network time`,
    legend: SUBJECTS.map((name) => ({ label: `${name} ${versions[name]}`, color: COLORS[name] })),
    panels: [timePanel(networks), ...sharePanels(networks)],
    panelWidth: 330,
    panelHeight: 300,
  })
}

function timePanel(networks: ChurnFigures[]): Panel {
  const series = SUBJECTS.flatMap((client) => {
    return PERCENTILES.map(({ figure, name, width }) => {
      return { client, name, width, points: pointsOf(networks, client, (network) => network[figure] / 1000) }
    })
  })
  const most = Math.max(...series.flatMap(({ points }) => points.map(({ value }) => value)))
  const labels = series.map(({ client, name, points }) => ({ ...points.at(-1)!, name, color: TEXT_COLORS[client] }))
  const marks = [
    ...series.flatMap(({ client, width, points }) => lineOf(points, { color: COLORS[client], width })),
    Plot.text(spread(labels, LABEL_SHARE * most), {
      x: 'minutes',
      y: 'value',
      text: 'name',
      fill: 'color',
      dx: 8,
      textAnchor: 'start',
      fontWeight: 600,
      fontSize: 12,
    }),
  ]
  return {
    title: 'time of a lookup',
    options: {
      x: halfLifeAxis(networks),
      y: { label: 'seconds', zero: true, grid: true, nice: true },
      color: { type: 'identity' },
      marks,
    },
  }
}

function sharePanels(networks: ChurnFigures[]): Panel[] {
  const panels: { title: string; of: (network: ChurnFigures) => number }[] = [
    { title: 'found 19 of the true 20 closest, or all', of: ({ success }) => 100 * success },
    { title: 'requests for a lookup', of: ({ requests }) => requests },
  ]
  return panels.map(({ title, of }, i) => {
    const marks = SUBJECTS.flatMap((client) => {
      return lineOf(pointsOf(networks, client, of), { color: COLORS[client], width: 2.5 })
    })
    const y =
      i === 0 ? { label: '% of lookups', domain: [leastOf(networks, of), 100] } : { label: 'requests', zero: true }
    return { title, options: { x: halfLifeAxis(networks), y: { ...y, grid: true, nice: true }, marks } }
  })
}

/** Where an axis of shares begins: at 90 %, or lower where that is needed. */
function leastOf(networks: ChurnFigures[], of: (network: ChurnFigures) => number): number {
  return Math.min(90, ...networks.map((network) => Math.floor(of(network))))
}

function halfLifeAxis(networks: ChurnFigures[]): Record<string, unknown> {
  const minutes = [...new Set(networks.map(({ halfLifeMs }) => halfLifeMs / MINUTE_MS))]
  return { type: 'point', label: 'half-life of a session, minutes', domain: minutes, padding: 0.4 }
}

interface HalfLifePoint {
  minutes: number
  value: number
}

function pointsOf(
  networks: ChurnFigures[],
  client: ChurnFigures['client'],
  of: (network: ChurnFigures) => number,
): HalfLifePoint[] {
  return networks
    .filter((network) => network.client === client)
    .map((network) => ({ minutes: network.halfLifeMs / MINUTE_MS, value: of(network) }))
}

function lineOf(points: HalfLifePoint[], { color, width }: { color: string; width: number }) {
  const at = { x: 'minutes', y: 'value' }
  return [
    Plot.line(points, { ...at, stroke: color, strokeWidth: width }),
    Plot.dot(points, { ...at, fill: color, r: 2 + width / 2 }),
  ]
}

/** Moves labels up where they would cover those below them, which stay. */
export function spread<L extends { value: number }>(labels: readonly L[], least: number): L[] {
  const moved: L[] = []
  for (const label of labels.toSorted((a, b) => a.value - b.value)) {
    const below = moved.at(-1)
    moved.push({ ...label, value: Math.max(label.value, below === undefined ? -Infinity : below.value + least) })
  }
  return moved
}
