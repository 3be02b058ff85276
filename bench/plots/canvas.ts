/**
 * Pictures of several panels side by side, as SVG text of a fixed size: title, legend, panels. Each panel is a chart of
 * Observable Plot, which needs no browser for it. A background of its own keeps a picture readable wherever it is shown.
 */
import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'

export { Plot }

/** Ours and theirs; told apart by those who see no colours as well, since one is much darker. */
export const COLORS = { xorpc: '#0b5fb0', 'dht-rpc': '#e07b1f' } as const

/** The same for text, dark enough to be read on white: a contrast of at least 5 to 1. */
export const TEXT_COLORS = { xorpc: '#0b5fb0', 'dht-rpc': '#a8540a' } as const

const INK = '#1f2328'
const FAINT_INK = '#59636e'
const PAPER = '#ffffff'

const MARGIN = 24
/** Title, legend and titles of the panels. */
const HEAD_HEIGHT = 100
const GAP = 20

export interface Panel {
  title: string
  /** What Plot is told, apart from the size. */
  options: Record<string, unknown>
}

export interface LegendEntry {
  label: string
  color: string
  /** As in `stroke-dasharray`. Default: a line without gaps. */
  dash?: string
}

export interface Picture {
  title: string
  legend: LegendEntry[]
  /** From left to right. */
  panels: Panel[]
  panelWidth: number
  panelHeight: number
}

/** The part of an SVG element that is used: Plot's own types need those of a browser. */
interface SvgElement {
  outerHTML: string
  setAttribute(name: string, value: string): void
  querySelectorAll(selector: string): Iterable<{ remove(): void }>
}

/** Draws a picture. @returns a whole SVG file */
export function drawPicture({ title, legend, panels, panelWidth, panelHeight }: Picture): string {
  const width = 2 * MARGIN + panels.length * panelWidth + (panels.length - 1) * GAP
  const height = HEAD_HEIGHT + panelHeight + MARGIN
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
      `font-family="system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif" role="img">`,
    `<title>${escape(title)}</title>`,
    `<rect width="${width}" height="${height}" rx="8" fill="${PAPER}"/>`,
    `<text x="${MARGIN}" y="34" font-size="17" font-weight="600" fill="${INK}">${escape(title)}</text>`,
    ...legend.map((entry, i) => drawLegendEntry(entry, MARGIN + offsetOf(legend, i))),
    ...panels.map((panel, i) => drawPanel(panel, MARGIN + i * (panelWidth + GAP), panelWidth, panelHeight)),
    '</svg>',
  ]
  return `${shortenNumbers(renumberClips(parts.join('\n')))}\n`
}

/** Plot counts clips over the life of the process; here from 1 in each file, so that the same figures give the same. */
function renumberClips(svg: string): string {
  const numbers = new Map<string, number>()
  return svg.replaceAll(/plot-clip-\d+/g, (id) => {
    const number = numbers.get(id) ?? numbers.size + 1
    numbers.set(id, number)
    return `clip-${number}`
  })
}

/** A hundredth of a pixel is more than can be seen. */
function shortenNumbers(svg: string): string {
  return svg.replaceAll(/\d+\.\d{3,}/g, (number) => String(Number(Number(number).toFixed(2))))
}

/** Entries stand as far apart as their text is long, about. */
function offsetOf(legend: LegendEntry[], index: number): number {
  return legend.slice(0, index).reduce((sum, { label }) => sum + 56 + 6.6 * label.length, 0)
}

function drawLegendEntry({ label, color, dash }: LegendEntry, x: number): string {
  const dashes = dash === undefined ? '' : ` stroke-dasharray="${dash}"`
  return (
    `<line x1="${x}" x2="${x + 26}" y1="56" y2="56" stroke="${color}" stroke-width="2.5"${dashes}/>` +
    `<text x="${x + 33}" y="60" font-size="12.5" fill="${INK}">${escape(label)}</text>`
  )
}

function drawPanel({ title, options }: Panel, x: number, width: number, height: number): string {
  const { document } = parseHTML('<html><body></body></html>')
  const svg = Plot.plot({
    document,
    width,
    height,
    marginTop: 26,
    marginLeft: 48,
    marginBottom: 40,
    style: { color: FAINT_INK },
    ...options,
  }) as unknown as SvgElement
  // It is for pages; inside of a picture it would stretch the panel.
  for (const style of svg.querySelectorAll('style')) style.remove()
  const places = { x, y: HEAD_HEIGHT, 'font-size': 11.5, color: FAINT_INK }
  for (const [name, value] of Object.entries(places)) svg.setAttribute(name, String(value))
  const heading = `<text x="${x}" y="${HEAD_HEIGHT - 8}" font-size="13.5" font-weight="600" fill="${INK}">`
  return `${heading}${escape(title)}</text>\n${svg.outerHTML}`
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
