/** What is to be drawn: the state of the picture, put together from the page's state. Plain values. */
import type { Flight, LookupView, NodeDetails, NodeView } from '../model/frame.js'

export interface Scene {
  nodes: ReadonlyMap<number, NodeView>
  selected: number | null
  /** Under the pointer, or chosen with the keyboard. */
  pointed: number | null
  details: NodeDetails | null
  lookup: LookupView | null
  flights: readonly Flight[]
  /** Virtual time. */
  nowMs: number
  reducedMotion: boolean
}

/** What was drawn last, for tests: a picture cannot be asked what is in it. */
export interface Drawn {
  nodes: number
  edges: number
  labels: string[]
  flights: number
  buckets: number
  target: boolean
  frames: number
}
