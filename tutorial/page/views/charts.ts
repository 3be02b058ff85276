/** Two small charts over virtual time, drawn by uPlot: datagrams a second, and nodes. */
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import type { Sample } from '../model/frame.js'
import type { Palette } from '../scene/palette.js'

const HEIGHT_PX = 130

interface Line {
  label: string
  colour: keyof Palette
  dash?: number[]
  of: (sample: Sample) => number
}

const TRAFFIC: readonly Line[] = [
  { label: 'sent', colour: 'accent', of: ({ sent }) => sent },
  { label: 'lost', colour: 'dead', dash: [4, 3], of: ({ lost }) => lost },
]

const NODES: readonly Line[] = [
  { label: 'living', colour: 'ephemeral', dash: [4, 3], of: ({ nodes }) => nodes },
  { label: 'persistent', colour: 'node', of: ({ persistent }) => persistent },
]

/** One chart, in an element of its own that stays. */
class Chart {
  readonly element = document.createElement('div')
  readonly #lines: readonly Line[]
  #plot: uPlot | null = null
  #samples: readonly Sample[] = []

  constructor(label: string, lines: readonly Line[]) {
    this.#lines = lines
    this.element.className = 'chart'
    this.element.setAttribute('role', 'img')
    this.element.setAttribute('aria-label', label)
    new ResizeObserver(() => this.#resize()).observe(this.element)
  }

  show(samples: readonly Sample[], colours: Palette): void {
    if (samples === this.#samples && this.#plot !== null) return
    this.#samples = samples
    this.#plot ??= this.#create(colours)
    this.#plot.setData([samples.map(({ at }) => at), ...this.#lines.map(({ of }) => samples.map(of))])
  }

  /** Colours have changed. */
  forget(): void {
    this.#plot?.destroy()
    this.#plot = null
  }

  #create(colours: Palette): uPlot {
    const axis = {
      stroke: colours.muted,
      grid: { stroke: colours.line, width: 1 },
      ticks: { show: false },
      font: '11px system-ui',
    }
    const series = this.#lines.map(({ label, colour, dash }) => ({
      label,
      stroke: colours[colour],
      width: 2,
      dash,
      points: { show: false },
      value: (_: uPlot, value: number | null) => (value === null ? '' : String(Math.round(value))),
    }))
    return new uPlot(
      {
        width: Math.max(this.element.clientWidth, 50),
        height: HEIGHT_PX,
        cursor: { y: false },
        scales: { x: { time: false }, y: { range: (_, __, most) => [0, Math.max(1, most * 1.1)] } },
        axes: [
          { ...axis, size: 24, values: (_, values) => values.map((value) => `${value} s`) },
          { ...axis, size: 42 },
        ],
        series: [{ label: 'time', value: (_, value) => (value === null ? '' : `${Math.round(value)} s`) }, ...series],
      },
      [[], ...this.#lines.map(() => [])],
      this.element,
    )
  }

  #resize(): void {
    const width = this.element.clientWidth
    if (width > 0) this.#plot?.setSize({ width, height: HEIGHT_PX })
  }
}

export class Charts {
  readonly traffic = new Chart('Chart: datagrams sent and lost each second', TRAFFIC)
  readonly nodes = new Chart('Chart: living and persistent nodes', NODES)

  show(samples: readonly Sample[], colours: Palette): void {
    this.traffic.show(samples, colours)
    this.nodes.show(samples, colours)
  }

  forget(): void {
    this.traffic.forget()
    this.nodes.forget()
  }
}
