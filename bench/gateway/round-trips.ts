/** Round trips of single datagrams, one after the other. */
import { marked, markOf, quantile, requestOf, sharedNow } from './request.js'
import type { Stage } from './stage.js'

const SIZE_BYTES = 100

/** At first everything is compiled. */
const WARM_UP = 200

export async function measureRoundTrips(stage: Stage, count: number): Promise<{ medianMs: number; p99Ms: number }> {
  const request = requestOf(SIZE_BYTES)
  let arrived: (mark: number) => void = () => {}
  const socket = await stage.transport.bind(0, '127.0.0.1', (bytes) => arrived(markOf(bytes)))
  const times: number[] = []
  for (let i = 0; i < count + WARM_UP; i++) {
    const sentAt = sharedNow()
    const answered = new Promise<number>((resolve) => (arrived = resolve))
    socket.trySend(marked(request, i), stage.address.port, stage.address.host)
    if ((await answered) !== i) throw new Error('another answer than the one expected')
    if (i >= WARM_UP) times.push(sharedNow() - sentAt)
  }
  await socket.close()
  return { medianMs: quantile(times, 0.5), p99Ms: quantile(times, 0.99) }
}
