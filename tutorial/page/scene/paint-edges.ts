/** The lines, bent towards the middle, and the datagrams that run along them. */
import type { Flight } from '../model/frame.js'
import type { Edge, EdgeKind } from './edges.js'
import type { Palette } from './palette.js'
import type { Point, RingGeometry } from './ring-layout.js'

interface Stroke {
  colour: keyof Palette
  width: number
  alpha: number
  dash: number[]
}

const STROKES: Record<EdgeKind, Stroke> = {
  contact: { colour: 'accent', width: 1, alpha: 0.32, dash: [] },
  named: { colour: 'muted', width: 1, alpha: 0.22, dash: [2, 4] },
  asked: { colour: 'asked', width: 2, alpha: 0.95, dash: [6, 5] },
  slow: { colour: 'asked', width: 1.2, alpha: 0.6, dash: [2, 5] },
  answered: { colour: 'answered', width: 1.5, alpha: 0.75, dash: [] },
  failed: { colour: 'dead', width: 1.2, alpha: 0.7, dash: [3, 4] },
  commit: { colour: 'holder', width: 2, alpha: 0.8, dash: [6, 5] },
  committed: { colour: 'holder', width: 2.2, alpha: 0.9, dash: [] },
}

/** How far lines bend towards the middle: 0 straight, 1 to it. */
const BEND = 0.62

/** Speed of the dashes. */
const DASH_PX_PER_MS = 0.02

export interface EdgePaint {
  geometry: RingGeometry
  colours: Palette
  pointOf: (id: string) => Point
  /** Real time, for the dashes; 0 where nothing is to move. */
  timeMs: number
}

export function paintEdges(context: CanvasRenderingContext2D, edges: readonly Edge[], paint: EdgePaint): void {
  const { geometry, colours, pointOf, timeMs } = paint
  for (const { kind, from, to } of edges) {
    const { colour, width, alpha, dash } = STROKES[kind]
    const a = pointOf(from)
    const b = pointOf(to)
    const bend = bendOf(a, b, geometry)
    context.globalAlpha = alpha
    context.strokeStyle = colours[colour]
    context.lineWidth = width
    context.setLineDash(dash)
    context.lineDashOffset = -timeMs * DASH_PX_PER_MS
    context.beginPath()
    context.moveTo(a.x, a.y)
    context.quadraticCurveTo(bend.x, bend.y, b.x, b.y)
    context.stroke()
  }
  context.setLineDash([])
  context.globalAlpha = 1
}

export interface FlightPaint {
  geometry: RingGeometry
  colours: Palette
  at: (key: number) => Point | undefined
  nowMs: number
}

/** @returns how many are on their way */
export function paintFlights(
  context: CanvasRenderingContext2D,
  flights: readonly Flight[],
  paint: FlightPaint,
): number {
  const { geometry, colours, at, nowMs } = paint
  let count = 0
  context.fillStyle = colours.accent
  for (const { fromKey, toKey, sentAtMs, tookMs } of flights) {
    const done = (nowMs - sentAtMs) / tookMs
    const a = at(fromKey)
    const b = at(toKey)
    if (!(done >= 0 && done <= 1) || a === undefined || b === undefined) continue
    const { x, y } = onCurve(a, bendOf(a, b, geometry), b, done)
    context.globalAlpha = 0.75 * Math.min(1, 6 * Math.min(done, 1 - done) + 0.15)
    context.beginPath()
    context.arc(x, y, 2.1, 0, 2 * Math.PI)
    context.fill()
    count++
  }
  context.globalAlpha = 1
  return count
}

/** Neighbours are joined by a flat line, opposite nodes by one through the middle. */
function bendOf(a: Point, b: Point, { centreX, centreY }: RingGeometry): Point {
  const midX = (a.x + b.x) / 2
  const midY = (a.y + b.y) / 2
  return { x: midX + (centreX - midX) * BEND, y: midY + (centreY - midY) * BEND }
}

function onCurve(a: Point, bend: Point, b: Point, t: number): Point {
  const s = 1 - t
  return { x: s * s * a.x + 2 * s * t * bend.x + t * t * b.x, y: s * s * a.y + 2 * s * t * bend.y + t * t * b.y }
}
