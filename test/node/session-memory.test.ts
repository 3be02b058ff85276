/** What a session keeps alive, as the collector of V8 sees it. */
import test from 'brittle'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Session } from '../../lib/node/session.js'
import { createOutgoing, createSendOptions, Exchange } from '../../lib/rpc/exchange.js'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as (options?: { type: 'minor' }) => void

const UNDER_WAY = 64
const REQUESTS = 20_000
/** Of each request; what it holds for its datagram is of this order. */
const PAYLOAD_NUMBERS = 64

const TO = { host: '127.0.0.1', ip: 0x7f000001, port: 1 }

/** A session that is used as a node's client uses it, at once and for requests that hold something. */
class BusySession {
  readonly #session = new Session({} as never, () => {})
  readonly #options = createSendOptions({ retries: 0, group: this.#session })
  readonly #underWay: Exchange[] = []

  constructor() {
    for (let i = 0; i < UNDER_WAY; i++) this.#underWay.push(this.#start())
  }

  /** As many requests settle, each as the oldest, and as many start. */
  run(requests: number): void {
    for (let i = 0; i < requests; i++) {
      this.#session.detach(this.#underWay[i % UNDER_WAY]!)
      this.#underWay[i % UNDER_WAY] = this.#start()
    }
  }

  #start(): Exchange {
    const message = { internal: true, command: 0, target: null, value: null }
    const exchange = new Exchange(createOutgoing(TO, null, message, null), this.#options, {
      payload: new Array<number>(PAYLOAD_NUMBERS).fill(1),
      onReply() {},
      onFailure() {},
    } as Exchange['handler'])
    this.#session.attach(exchange)
    return exchange
  }
}

test('session: one that has lived long keeps no settled request until the next full collection', (t) => {
  const session = new BusySession()
  session.run(1000)
  // Now what the session has is old, and minor collections take for granted that it is alive.
  collect()
  collect()
  const before = process.memoryUsage().heapUsed
  session.run(REQUESTS)
  for (let i = 0; i < 3; i++) collect({ type: 'minor' })
  const keptBytes = process.memoryUsage().heapUsed - before
  t.ok(keptBytes < 2_000_000, `${REQUESTS} settled requests leave ${keptBytes} bytes`)
})
