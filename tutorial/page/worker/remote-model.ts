/**
 * The page's end of the model: passes actions on, hands frames in, and ends a worker that does not come back.
 *
 * Code of the visitor's that is told to stop and does not, or that keeps the worker from answering, costs the visitor
 * the network: a new worker starts with as many nodes.
 */
import type { Action } from '../model/actions.js'
import type { Frame } from '../model/frame.js'
import type { FromWorker, ToWorker } from './messages.js'

/** Silence after which a worker counts as lost. A slow machine that builds a large network answers far sooner. */
const SILENCE_MS = 6000

/** Time that stopped code has to end. */
const STOP_MS = 1500

const WATCH_PERIOD_MS = 500

/** Frames of a new worker have numbers of networks that no earlier one had. */
const EPOCHS_OF_A_WORKER = 1_000_000

export interface RemoteModelOptions {
  onFrame: (frame: Frame) => void
  /** Something went wrong that nobody waited for. */
  onError: (message: string) => void
  /** A worker had to be ended, and what for. */
  onRestart: (reason: string) => void
}

export class RemoteModel {
  readonly #options: RemoteModelOptions
  #worker: Worker
  #workers = 0
  #running = false
  /** When the worker was asked for a frame that has not come; null: it owes none. */
  #askedAt: number | null = null
  #stopAt: number | null = null
  #living = 0

  constructor(options: RemoteModelOptions) {
    this.#options = options
    this.#worker = this.#start()
    setInterval(() => this.#watch(), WATCH_PERIOD_MS)
    document.addEventListener('visibilitychange', () => {
      this.#askedAt = null
      this.#post({ type: 'visible', visible: !document.hidden })
    })
  }

  act(action: Action): void {
    this.#post({ type: 'act', action })
  }

  /** The last frame is drawn. */
  ready(): void {
    this.#askedAt = performance.now()
    this.#post({ type: 'ready' })
  }

  /** Stops the visitor's code, one way or another. */
  stop(): void {
    this.#stopAt = performance.now()
    this.act({ name: 'stop', args: [] })
  }

  #start(): Worker {
    this.#workers++
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'network' })
    worker.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => {
      if (data.type === 'error') this.#options.onError(data.message)
      else this.#onFrame(data.frame)
    })
    worker.addEventListener('error', (event) => this.#options.onError(event.message || 'the worker could not start'))
    return worker
  }

  #onFrame(frame: Frame): void {
    this.#askedAt = null
    this.#running = frame.running
    if (!frame.running) this.#stopAt = null
    if (frame.numbers !== null && frame.kind === 'simulated') this.#living = frame.numbers.nodes
    frame.epoch += this.#workers * EPOCHS_OF_A_WORKER
    this.#options.onFrame(frame)
  }

  #watch(): void {
    if (document.hidden) return
    const now = performance.now()
    const isSilent = this.#askedAt !== null && now - this.#askedAt > SILENCE_MS
    const doesNotStop = this.#stopAt !== null && this.#running && now - this.#stopAt > STOP_MS
    if (doesNotStop || (isSilent && (this.#running || this.#stopAt !== null))) {
      this.#restart(doesNotStop ? 'the code did not stop' : 'the code kept the network from running')
    }
  }

  #restart(reason: string): void {
    this.#worker.terminate()
    this.#stopAt = null
    this.#running = false
    this.#worker = this.#start()
    this.#options.onRestart(reason)
    this.act({ name: 'startOver', args: [this.#living] })
    this.ready()
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message)
  }
}
