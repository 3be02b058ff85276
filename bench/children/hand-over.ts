/* oxlint-disable unicorn/require-post-message-target-origin -- threads have no origins */
/**
 * Child process: what it costs to hand a request to another thread and get its answer back, without sockets. A server
 * of several workers pays it for each request that only the thread with the application can answer.
 */
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { cpuMicros, serve } from '../process.js'

/** Sizes of a custom request with a 32-byte value, and of its answer with 20 closer nodes. */
const REQUEST_BYTES = 75
const ANSWER_BYTES = 230

/** Requests that lie in one message together. */
type Batch = Uint8Array

let answerer: Worker

const handlers = {
  open(): void {
    answerer = new Worker(new URL(import.meta.url))
  },

  /**
   * Keeps `messages` messages of `batch` requests each under way for `ms`.
   * @returns CPU time of both threads per request, in µs, and requests per second
   */
  async load(messages: number, batch: number, ms: number): Promise<{ micros: number; perSecond: number }> {
    const startedAt = performance.now()
    const cpuBefore = cpuMicros()
    const answered = (await exchangeUntil(startedAt + ms, messages, batch)) * batch
    const seconds = (performance.now() - startedAt) / 1000
    return { micros: (cpuMicros() - cpuBefore) / answered, perSecond: answered / seconds }
  },
}

/** Resolves with the number of messages that came back, when all did. */
function exchangeUntil(deadline: number, messages: number, batch: number): Promise<number> {
  let returned = 0
  let underWay = messages
  return new Promise((resolve) => {
    const onAnswers = (): void => {
      returned++
      if (performance.now() < deadline) return send(batch)
      if (--underWay > 0) return
      answerer.off('message', onAnswers)
      resolve(returned)
    }
    answerer.on('message', onAnswers)
    for (let i = 0; i < messages; i++) send(batch)
  })
}

function send(batch: number): void {
  answerer.postMessage(new Uint8Array(batch * REQUEST_BYTES) satisfies Batch)
}

function answer(requests: Batch): void {
  parentPort!.postMessage(new Uint8Array((requests.length / REQUEST_BYTES) * ANSWER_BYTES))
}

export type HandOver = typeof handlers
if (isMainThread) serve(handlers)
else parentPort!.on('message', answer)
