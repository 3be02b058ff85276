/** What the page and its worker say to each other. */
import type { Action } from '../model/actions.js'
import type { Frame } from '../model/frame.js'

export type ToWorker =
  | { type: 'act'; action: Action }
  /** The last frame is drawn: the next one may come. */
  | { type: 'ready' }
  /** Whether anybody can see the page. */
  | { type: 'visible'; visible: boolean }

export type FromWorker = { type: 'frame'; frame: Frame } | { type: 'error'; message: string }
