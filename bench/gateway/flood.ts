/** As many datagrams there and back as pass: 512 are always on their way. */
import { marked, requestOf, sharedNow } from './request.js'
import type { Stage } from './stage.js'

const SIZE_BYTES = 100
const ON_THE_WAY = 512

/** What got lost is made up for after this time without an answer. */
const STALL_MS = 50

export interface FloodResult {
  perSecond: number
  /** Datagrams per message that the gateway sent. */
  perMessage: number
}

export async function flood(stage: Stage, durationMs: number): Promise<FloodResult> {
  const { host, port } = stage.address
  const request = marked(requestOf(SIZE_BYTES), 1)
  let count = 0
  let isOver = false
  const send = (): void => socket.trySend(Uint8Array.from(request), port, host)
  const socket = await stage.transport.bind(0, '127.0.0.1', () => {
    count++
    if (!isOver) send()
  })
  const before = await stage.gateway?.call('sent')
  const startedAt = sharedNow()
  for (let i = 0; i < ON_THE_WAY; i++) send()
  let last = 0
  while (sharedNow() - startedAt < durationMs) {
    await new Promise((resolve) => setTimeout(resolve, STALL_MS))
    if (count === last) for (let i = 0; i < ON_THE_WAY; i++) send()
    last = count
  }
  const perSecond = count / ((sharedNow() - startedAt) / 1000)
  isOver = true
  const after = await stage.gateway?.call('sent')
  await socket.close()
  const perMessage = before && after ? (after.datagrams - before.datagrams) / (after.messages - before.messages) : NaN
  return { perSecond, perMessage }
}
