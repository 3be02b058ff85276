/** The circle of ids with its marks, and the buckets of the selected node on its inner side. */
import type { NodeDetails } from '../model/frame.js'
import { bucketRange } from '../model/keyspace.js'
import type { Palette } from './palette.js'
import { angleOf, pointAt, type RingGeometry } from './ring-layout.js'
import type { Drawn } from './scene.js'

const MARKS = 16

/** From the usual lanes of nodes. */
const LABEL_OUTWARD_PX = 13

/** Marks with a label: the quarters of the keyspace. */
const LABEL_EVERY = 4

/** Width of a bucket's band, and its distance from the circle. */
const BAND_PX = 9
const BAND_GAP_PX = 9

/** Bands narrower than this have no label. */
const LABEL_ARC_PX = 34

export function paintCircle(context: CanvasRenderingContext2D, geometry: RingGeometry, colours: Palette, drawn: Drawn) {
  const { centreX, centreY, radius } = geometry
  context.strokeStyle = colours.line
  context.lineWidth = 1.5
  context.beginPath()
  context.arc(centreX, centreY, radius, 0, 2 * Math.PI)
  context.stroke()
  context.fillStyle = colours.muted
  context.font = '500 11px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace'
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  for (let i = 0; i < MARKS; i++) {
    const position = i / MARKS
    const isLabelled = i % LABEL_EVERY === 0
    const inner = pointAt(geometry, position, isLabelled ? -7 : -4)
    const outer = pointAt(geometry, position, 0)
    context.beginPath()
    context.moveTo(inner.x, inner.y)
    context.lineTo(outer.x, outer.y)
    context.stroke()
    if (!isLabelled) continue
    const text = `${i.toString(16)}000…`
    const at = pointAt(geometry, position, geometry.spread + LABEL_OUTWARD_PX)
    context.fillText(text, clamp(at.x, 22, 2 * centreX - 22), clamp(at.y, 10, 2 * centreY - 10))
    drawn.labels.push(text)
  }
}

export interface BucketPaint {
  geometry: RingGeometry
  colours: Palette
  /** Id of the node whose buckets they are. */
  id: string
  details: NodeDetails
}

export function paintBuckets(context: CanvasRenderingContext2D, paint: BucketPaint, drawn: Drawn): void {
  const { geometry, colours, id, details } = paint
  const { centreX, centreY, radius } = geometry
  const band = radius - BAND_GAP_PX - BAND_PX / 2
  for (const { bits } of details.buckets) {
    const { from, to } = bucketRange(id, bits)
    const room = (to - from) * 2 * Math.PI * band
    if (room < 0.5) continue
    const gap = Math.min(2, room / 4) / band
    context.strokeStyle = bits % 2 === 0 ? colours['bucket-a'] : colours['bucket-b']
    context.lineWidth = BAND_PX
    context.beginPath()
    context.arc(centreX, centreY, band, angleOf(from) + gap / 2, angleOf(to) - gap / 2)
    context.stroke()
    drawn.buckets++
  }
}

/** How many bits the ids of a bucket share with the node's, and how many of them it knows: over the lines. */
export function labelBuckets(context: CanvasRenderingContext2D, paint: BucketPaint, drawn: Drawn): void {
  const { geometry, colours, details, id } = paint
  const band = geometry.radius - BAND_GAP_PX - BAND_PX / 2
  context.font = '600 11px system-ui, sans-serif'
  context.textBaseline = 'middle'
  context.lineWidth = 4
  context.lineJoin = 'round'
  for (const { bits, contacts } of details.buckets) {
    const { from, to } = bucketRange(id, bits)
    const room = (to - from) * 2 * Math.PI * band
    if (room < LABEL_ARC_PX) continue
    const isShort = room < 3 * LABEL_ARC_PX
    const text = isShort ? `${bits}` : `${bits} ${bits === 1 ? 'bit' : 'bits'} · ${contacts.length}`
    const at = pointAt(geometry, (from + to) / 2, -BAND_GAP_PX - BAND_PX - (isShort ? 9 : 12))
    // Long labels would reach over the band where the circle is upright.
    const sideways = Math.cos(angleOf((from + to) / 2))
    context.textAlign = sideways > 0.35 ? 'right' : sideways < -0.35 ? 'left' : 'center'
    context.strokeStyle = colours.surface
    context.strokeText(text, at.x, at.y)
    context.fillStyle = colours.muted
    context.fillText(text, at.x, at.y)
    drawn.labels.push(text)
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most)
}
