/**
 * The nodes. State shows in the shape as well as in the colour: a filled dot is persistent, a hollow one ephemeral, a
 * diamond a bootstrapper, a cross is dead, a frame around a dot is a firewall, a square holds the value.
 */
import type { NodeView } from '../model/frame.js'
import type { Palette } from './palette.js'
import type { Point } from './ring-layout.js'

export interface NodePaint {
  colours: Palette
  /** Radius of a dot. */
  dot: number
}

type Context = CanvasRenderingContext2D

export function paintNode(context: Context, node: NodeView, { x, y }: Point, { colours, dot }: NodePaint): void {
  if (!node.up) return paintCross(context, { x, y }, dot, colours.dead)
  const colour = colourOf(node, colours)
  context.lineWidth = Math.max(1.2, dot * 0.34)
  context.strokeStyle = colour
  context.fillStyle = node.persistent ? colour : colours.surface
  context.beginPath()
  if (node.holds) square(context, x, y, dot * 1.25)
  else if (node.role === 'bootstrapper') diamond(context, x, y, dot * 1.5)
  else context.arc(x, y, node.persistent ? dot : dot - 0.5, 0, 2 * Math.PI)
  context.fill()
  if (!node.persistent) context.stroke()
  if (node.nat === 'open') return
  context.strokeStyle = colours.firewalled
  context.beginPath()
  context.arc(x, y, dot + 2.2, 0, 2 * Math.PI)
  context.stroke()
}

function colourOf({ holds, persistent, side }: NodeView, colours: Palette): string {
  if (holds) return colours.holder
  if (side === 1) return colours.side
  return persistent ? colours.node : colours.ephemeral
}

/** A ring around a node that is selected or pointed at. */
export function paintHalo(context: Context, { x, y }: Point, radius: number, colour: string): void {
  context.strokeStyle = colour
  context.lineWidth = 2.2
  context.beginPath()
  context.arc(x, y, radius, 0, 2 * Math.PI)
  context.stroke()
}

/** The target of a lookup: a star, as it is no node. */
export function paintTarget(context: Context, { x, y }: Point, colour: string): void {
  const points = 5
  context.fillStyle = colour
  context.beginPath()
  for (let i = 0; i < 2 * points; i++) {
    const angle = (i / points) * Math.PI - Math.PI / 2
    const r = i % 2 === 0 ? 9 : 3.8
    context.lineTo(x + r * Math.cos(angle), y + r * Math.sin(angle))
  }
  context.closePath()
  context.fill()
}

/** A name on a plate, so that it can be read over lines. Stays inside the picture. */
export function paintLabel(context: Context, text: string, { x, y }: Point, { colours, width }: LabelPaint): void {
  context.font = '600 12px system-ui, sans-serif'
  context.textAlign = 'left'
  context.textBaseline = 'middle'
  const wide = context.measureText(text).width + 10
  const left = Math.min(Math.max(x - wide / 2, 2), width - wide - 2)
  context.fillStyle = colours.surface
  context.strokeStyle = colours.line
  context.lineWidth = 1
  context.globalAlpha = 0.94
  context.beginPath()
  context.roundRect(left, y - 9, wide, 18, 5)
  context.fill()
  context.globalAlpha = 1
  context.stroke()
  context.fillStyle = colours.ink
  context.fillText(text, left + 5, y + 0.5)
}

export interface LabelPaint {
  colours: Palette
  /** Of the picture. */
  width: number
}

function paintCross(context: Context, { x, y }: Point, r: number, colour: string): void {
  context.strokeStyle = colour
  context.lineWidth = Math.max(1.4, r * 0.4)
  context.beginPath()
  context.moveTo(x - r, y - r)
  context.lineTo(x + r, y + r)
  context.moveTo(x + r, y - r)
  context.lineTo(x - r, y + r)
  context.stroke()
}

function square(context: Context, x: number, y: number, r: number): void {
  context.rect(x - r, y - r, 2 * r, 2 * r)
}

function diamond(context: Context, x: number, y: number, r: number): void {
  context.moveTo(x, y - r)
  context.lineTo(x + r, y)
  context.lineTo(x, y + r)
  context.lineTo(x - r, y)
  context.closePath()
}
