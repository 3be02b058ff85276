/**
 * Draws the scene on a canvas. Lays nodes out anew only when some have come, gone or changed their id; a frame with
 * 1,000 nodes is then a thousand dots and the lines of one lookup.
 */
import type { NodeView } from '../model/frame.js'
import { positionOf } from '../model/keyspace.js'
import { contactEdges, lookupEdges } from './edges.js'
import { Motion } from './motion.js'
import { paintEdges, paintFlights } from './paint-edges.js'
import { labelBuckets, paintBuckets, paintCircle } from './paint-keyspace.js'
import { paintHalo, paintLabel, paintNode, paintTarget } from './paint-nodes.js'
import type { Palette } from './palette.js'
import { placeNodes, type Point, pointAt, type RingGeometry, ringGeometry } from './ring-layout.js'
import type { Drawn, Scene } from './scene.js'

/** Distance at which a node is pointed at: fingers are not that exact. */
const REACH_PX = 16

/** The target lies inside the circle, so that it covers nobody. */
const TARGET_INWARD_PX = -24

export class Painter {
  drawn: Drawn = { nodes: 0, edges: 0, labels: [], flights: 0, buckets: 0, target: false, frames: 0 }
  readonly #context: CanvasRenderingContext2D
  readonly #motion = new Motion()
  #colours: Palette
  #width = 0
  #height = 0
  #geometry: RingGeometry = ringGeometry(1, 1, 1)
  #goals = new Map<number, Point>()
  readonly #keyOfId = new Map<string, number>()
  #isStale = true
  #lastMs = 0

  constructor(context: CanvasRenderingContext2D, colours: Palette) {
    this.#context = context
    this.#colours = colours
  }

  /** Whether the next frame looks different even if the scene does not change. */
  get moving(): boolean {
    return this.#motion.moving
  }

  set colours(value: Palette) {
    this.#colours = value
  }

  /** @param ratio device pixels for each of CSS */
  resize(width: number, height: number, ratio: number): void {
    this.#width = width
    this.#height = height
    this.#context.setTransform(ratio, 0, 0, ratio, 0, 0)
    this.#isStale = true
  }

  /** Nodes have come, gone, or changed their id. */
  relayout(): void {
    this.#isStale = true
  }

  /** The node at a point, or the nearest one in reach. */
  nodeAt(x: number, y: number): number | null {
    let best: number | null = null
    let bestDistance = REACH_PX
    for (const key of this.#goals.keys()) {
      const at = this.#motion.at(key)
      const distance = at === undefined ? Infinity : Math.hypot(at.x - x, at.y - y)
      if (distance >= bestDistance) continue
      best = key
      bestDistance = distance
    }
    return best
  }

  pointOf(key: number): Point | undefined {
    return this.#motion.at(key)
  }

  paint(scene: Scene, timeMs: number): void {
    const context = this.#context
    const drawn: Drawn = { ...this.drawn, nodes: 0, edges: 0, labels: [], buckets: 0, target: false }
    drawn.frames++
    if (this.#isStale) this.#layout(scene)
    this.#motion.step(this.#goals, scene.reducedMotion ? Infinity : Math.min(timeMs - this.#lastMs, 100))
    this.#lastMs = timeMs
    context.clearRect(0, 0, this.#width, this.#height)
    paintCircle(context, this.#geometry, this.#colours, drawn)
    this.#paintLines(scene, timeMs, drawn)
    this.#paintNodes(scene, drawn)
    this.#paintNames(scene, drawn)
    this.drawn = drawn
  }

  #layout({ nodes }: Scene): void {
    this.#isStale = false
    this.#geometry = ringGeometry(this.#width, this.#height, nodes.size)
    const { laneWidth } = this.#geometry
    this.#goals = new Map()
    this.#keyOfId.clear()
    for (const [key, { position, lane }] of placeNodes(nodes.values(), this.#geometry)) {
      this.#goals.set(key, pointAt(this.#geometry, position, lane * laneWidth))
      this.#keyOfId.set(nodes.get(key)!.id, key)
    }
  }

  #paintLines(
    { nodes, selected, details, lookup, flights, nowMs, reducedMotion }: Scene,
    timeMs: number,
    drawn: Drawn,
  ) {
    const context = this.#context
    const geometry = this.#geometry
    const colours = this.#colours
    const pointOf = (id: string): Point => {
      const key = this.#keyOfId.get(id)
      return (key === undefined ? undefined : this.#motion.at(key)) ?? pointAt(geometry, positionOf(id))
    }
    const paint = { geometry, colours, pointOf, timeMs: reducedMotion ? 0 : timeMs }
    const node = selected === null ? undefined : nodes.get(selected)
    const buckets =
      node !== undefined && node.up && details?.key === selected ? { geometry, colours, id: node.id, details } : null
    if (buckets !== null) {
      paintBuckets(context, buckets, drawn)
      // A lookup is told apart more easily without them.
      if (lookup === null) drawn.edges += this.#paintEdges(contactEdges(buckets.id, buckets.details), paint)
    }
    if (lookup !== null && lookup.target !== '') {
      drawn.edges += this.#paintEdges(lookupEdges(lookup), paint)
      paintTarget(context, pointAt(geometry, positionOf(lookup.target), TARGET_INWARD_PX), colours.target)
      drawn.target = true
    }
    if (buckets !== null) labelBuckets(context, buckets, drawn)
    const at = (key: number) => this.#motion.at(key)
    drawn.flights = reducedMotion ? 0 : paintFlights(context, flights, { geometry, colours, at, nowMs })
  }

  #paintEdges(edges: ReturnType<typeof contactEdges>, paint: Parameters<typeof paintEdges>[2]): number {
    paintEdges(this.#context, edges, paint)
    return edges.length
  }

  #paintNodes({ nodes }: Scene, drawn: Drawn): void {
    const paint = { colours: this.#colours, dot: this.#geometry.dot }
    const plain: NodeView[] = []
    const special: NodeView[] = []
    for (const node of nodes.values()) (node.holds || node.role !== 'node' ? special : plain).push(node)
    for (const node of [...plain, ...special]) {
      const at = this.#motion.at(node.key)
      if (at === undefined) continue
      paintNode(this.#context, node, at, paint)
      drawn.nodes++
    }
  }

  #paintNames({ nodes, selected, pointed, lookup }: Scene, drawn: Drawn): void {
    const { dot } = this.#geometry
    const colours = this.#colours
    const halo = (key: number | null, colour: string): void => {
      const at = key === null ? undefined : this.#motion.at(key)
      if (at !== undefined) paintHalo(this.#context, at, dot + 5, colour)
    }
    halo(pointed, colours.muted)
    halo(selected, colours.accent)
    const named = new Map<number, string>()
    const node = selected === null ? undefined : nodes.get(selected)
    if (node !== undefined) named.set(node.key, node.role === 'self' ? 'this tab' : `${node.role} ${node.key}`)
    const asker = lookup === null ? undefined : this.#keyOfId.get(lookup.asker)
    if (asker !== undefined && nodes.get(asker)?.up === true) {
      named.set(asker, named.has(asker) ? `${named.get(asker)} asks` : 'asks')
    }
    for (const [key, text] of named) {
      const at = this.#motion.at(key)
      if (at === undefined) continue
      paintLabel(this.#context, text, { x: at.x, y: at.y - dot - 16 }, { colours, width: this.#width })
      drawn.labels.push(text)
    }
  }
}
