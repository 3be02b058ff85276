/** As many datagrams there and back as pass: 512 are always on their way. */
import { cpuMicros } from '../process.js'
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
  /** CPU time of the gateway, and of the client, for one datagram there and back, in microseconds. */
  gatewayMicros: number
  clientMicros: number
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
  const cpuBefore = cpuMicros()
  const startedAt = sharedNow()
  for (let i = 0; i < ON_THE_WAY; i++) send()
  let last = 0
  while (sharedNow() - startedAt < durationMs) {
    await new Promise((resolve) => setTimeout(resolve, STALL_MS))
    if (count === last) for (let i = 0; i < ON_THE_WAY; i++) send()
    last = count
  }
  const perSecond = count / ((sharedNow() - startedAt) / 1000)
  const cpu = cpuMicros() - cpuBefore
  isOver = true
  const after = await stage.gateway?.call('sent')
  await socket.close()
  const clientMicros = cpu / count
  if (!before || !after) return { perSecond, perMessage: NaN, gatewayMicros: NaN, clientMicros }
  const datagrams = after.datagrams - before.datagrams
  return {
    perSecond,
    perMessage: datagrams / (after.messages - before.messages),
    gatewayMicros: (after.cpuMicros - before.cpuMicros) / datagrams,
    clientMicros,
  }
}
