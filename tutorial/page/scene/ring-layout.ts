/**
 * Where nodes are drawn: the keyspace is a circle, 0 at the top and clockwise, and nodes that would cover each other
 * move outward, lane by lane. Pure.
 */
import { positionOf } from '../model/keyspace.js'

export interface Placed {
  /** From 0 to below 1, clockwise from the top. */
  position: number
  /** 0 on the circle, 1 one lane farther out, and so on. */
  lane: number
}

export interface RingGeometry {
  centreX: number
  centreY: number
  /** Of the circle itself. */
  radius: number
  /** Of a node's dot. */
  dot: number
  /** From lane to lane. */
  laneWidth: number
  /** From the circle to the outside of the lanes. */
  spread: number
}

export interface Point {
  x: number
  y: number
}

/** Room around the circle for labels, and for the lanes that nodes spread over; of many, some fill them all. */
const LABEL_PX = 24
const USUAL_LANES = 3
const MANY_NODES = 250

const MAX_LANES = 9

/** Sizes for a picture and a number of nodes: more nodes, smaller dots. */
export function ringGeometry(width: number, height: number, nodes: number): RingGeometry {
  const size = Math.min(width, height)
  const room = (Math.PI * (size - 2 * LABEL_PX)) / Math.max(nodes, 1)
  const dot = Math.min(6, Math.max(1.9, room * 0.36))
  const laneWidth = 2 * dot + 1.2
  const spread = (nodes > MANY_NODES ? MAX_LANES : USUAL_LANES) * laneWidth
  const radius = Math.max(40, size / 2 - LABEL_PX - spread)
  return { centreX: width / 2, centreY: height / 2, radius, dot, laneWidth, spread }
}

/** Places nodes by their ids. @returns by key */
export function placeNodes(nodes: Iterable<{ key: number; id: string }>, geometry: RingGeometry): Map<number, Placed> {
  const gap = (2 * geometry.dot + 0.8) / (2 * Math.PI * geometry.radius)
  const sorted = [...nodes].map(({ key, id }) => ({ key, position: positionOf(id) }))
  sorted.sort((a, b) => a.position - b.position || a.key - b.key)
  /** Where each lane is taken up to. */
  const ends: number[] = []
  const placed = new Map<number, Placed>()
  for (const { key, position } of sorted) {
    let lane = 0
    while (lane < MAX_LANES - 1 && (ends[lane] ?? -1) > position) lane++
    ends[lane] = position + gap
    placed.set(key, { position, lane })
  }
  return placed
}

/** The point of a position. @param outward distance from the circle, negative for its inside */
export function pointAt({ centreX, centreY, radius }: RingGeometry, position: number, outward = 0): Point {
  const angle = angleOf(position)
  const r = radius + outward
  return { x: centreX + r * Math.cos(angle), y: centreY + r * Math.sin(angle) }
}

/** Angle of a position, as a canvas counts: from the right, clockwise. */
export function angleOf(position: number): number {
  return (position - 0.25) * 2 * Math.PI
}
