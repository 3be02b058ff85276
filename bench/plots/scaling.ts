/** Lookups against the size of the network: what was measured, and the law through it up to ten million nodes. */
import { FAR_NODES, type Growing, lawOf, type ScalingResult } from '../scenarios/scaling.js'
import { SUBJECTS } from '../scenarios/scenario.js'
import { valueOf } from '../simulated/law.js'
import type { SubjectName } from '../subject.js'
import { COLORS, TEXT_COLORS, drawPicture, type Panel, Plot } from './canvas.js'

const DASH = '5 4'

/** A panel; `factor` turns the figure into the unit of the axis. */
interface Chart {
  title: string
  figure: Growing
  factor: number
  label: string
}

const CHARTS: Chart[] = [
  { title: 'time, median', figure: 'medianMs', factor: 1 / 1000, label: 'seconds' },
  { title: 'time, p99', figure: 'p99Ms', factor: 1 / 1000, label: 'seconds' },
  { title: 'requests', figure: 'requests', factor: 1, label: 'requests' },
  { title: 'hops', figure: 'hops', factor: 1, label: 'hops' },
]

/** The lines of the grid; finer ones would be a fence. */
const POWERS = [1e2, 1e3, 1e4, 1e5, 1e6, 1e7]

/** Where the laws are drawn: straight lines on an axis of powers. */
const LAW_NODES = [100, FAR_NODES]

export function drawScaling(result: ScalingResult): string {
  return drawPicture({
    title: 'Lookups in networks of growing size, and what follows for ten million nodes',
    legend: [
      ...SUBJECTS.map((name) => ({ label: `${name} ${result.versions[name]}`, color: COLORS[name] })),
      { label: 'fitted a + b · log2(nodes)', color: '#59636e', dash: DASH },
    ],
    panels: CHARTS.map((chart) => panelOf(result, chart)),
    panelWidth: 250,
    panelHeight: 300,
  })
}

function panelOf(result: ScalingResult, chart: Chart): Panel {
  return {
    title: chart.title,
    options: {
      x: { type: 'log', label: 'nodes', domain: [80, 2 * FAR_NODES] },
      y: { label: chart.label, zero: true, grid: true, nice: true },
      marks: [
        Plot.gridX(POWERS),
        Plot.axisX(POWERS, { tickFormat: '~s' }),
        Plot.ruleY([0]),
        ...SUBJECTS.flatMap((client) => marksOf(result, client, chart)),
      ],
    },
  }
}

function marksOf(result: ScalingResult, client: SubjectName, { figure, factor }: Chart) {
  const color = COLORS[client]
  const points = result.sizes
    .filter((size) => size.client === client)
    .map((size) => ({ nodes: size.nodes, value: size[figure] * factor }))
  const law = lawOf(result, client, figure)
  const line = law === null ? [] : LAW_NODES.map((nodes) => ({ nodes, value: valueOf(law, nodes) * factor }))
  const at = { x: 'nodes', y: 'value' }
  const far = line.slice(-1)
  return [
    Plot.line(line, { ...at, stroke: color, strokeWidth: 2, strokeDasharray: DASH, strokeOpacity: 0.75 }),
    Plot.dot(points, { ...at, fill: color, r: 3.5 }),
    Plot.dot(far, { ...at, stroke: color, strokeWidth: 2, fill: 'white', r: 3.5 }),
    Plot.text(far, {
      ...at,
      text: ({ value }: { value: number }) => value.toFixed(value < 10 ? 1 : 0),
      fill: TEXT_COLORS[client],
      dx: -4,
      dy: -12,
      textAnchor: 'end',
      fontWeight: 600,
      fontSize: 12.5,
      stroke: 'white',
      strokeWidth: 4,
    }),
  ]
}
