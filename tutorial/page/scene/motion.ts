/** Where nodes are on their way to where they belong: they glide there, and new ones grow. */
import type { Point } from './ring-layout.js'

/** Share of the way that is left after a second: 0.15 s for nine tenths of it. */
const LEFT_AFTER_A_SECOND = 1e-7

/** Nearer than this is there. */
const CLOSE_PX = 0.3

export class Motion {
  /** BOUNDED: by the nodes in the picture. */
  readonly #at = new Map<number, Point>()
  #moving = false

  get moving(): boolean {
    return this.#moving
  }

  at(key: number): Point | undefined {
    return this.#at.get(key)
  }

  /** Moves all for a while. @param elapsedMs real time; Infinity: to the end */
  step(goals: ReadonlyMap<number, Point>, elapsedMs: number): void {
    const left = elapsedMs === Infinity ? 0 : LEFT_AFTER_A_SECOND ** (elapsedMs / 1000)
    this.#moving = false
    for (const [key, goal] of goals) {
      const at = this.#at.get(key)
      if (at === undefined || left === 0) {
        this.#at.set(key, { ...goal })
        continue
      }
      const dx = at.x - goal.x
      const dy = at.y - goal.y
      if (Math.abs(dx) < CLOSE_PX && Math.abs(dy) < CLOSE_PX) {
        at.x = goal.x
        at.y = goal.y
        continue
      }
      at.x = goal.x + dx * left
      at.y = goal.y + dy * left
      this.#moving = true
    }
    for (const key of this.#at.keys()) if (!goals.has(key)) this.#at.delete(key)
  }
}
