/** What a bare WebSocket costs, in Node.js and in a page alike: no datagram that comes over one can be quicker. */
import type { OpenLink } from '../../lib/transport/tunnel/link.js'
import { quantile, SMALL_BYTES } from './request.js'

/** At first everything is compiled. */
const WARM_UP = 200

/** The median round trip of messages of 100 bytes to a server that sends them back, one after the other. */
export async function webSocketRoundTrip(openLink: OpenLink, url: string, count: number): Promise<number> {
  let arrived: (value: unknown) => void = () => {}
  const times: number[] = []
  const next = (): Promise<unknown> => new Promise((resolve) => (arrived = resolve))
  const opened = next()
  const link = openLink(url, [], { onOpen: () => arrived(null), onMessage: () => arrived(null), onClose() {} })
  await opened
  for (let i = 0; i < count + WARM_UP; i++) {
    const sentAt = performance.now()
    const answered = next()
    link.send(new Uint8Array(SMALL_BYTES))
    await answered
    if (i >= WARM_UP) times.push(performance.now() - sentAt)
  }
  link.close(1000, '')
  return quantile(times, 0.5)
}
