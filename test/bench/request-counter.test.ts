/** Which datagrams count as requests of a lookup. The bytes follow the wire protocol, section 5. */
import test from 'brittle'
import { RequestCounter } from '../../bench/simulated/request-counter.js'
import { seededRandom } from '../../lib/simulation/seeded-random.js'

const HOST = '20.0.0.1'

/** A request as the wire protocol has it (section 5): a tid, a destination, fields by flag. */
function request(target: Uint8Array | null, { id = false, token = false, type = 0x03 } = {}): Uint8Array {
  const flags = (id ? 1 : 0) | (token ? 2 : 0) | 4 | (target === null ? 0 : 8)
  const fields = [...(id ? new Array<number>(32).fill(1) : []), ...(token ? new Array<number>(32).fill(2) : [])]
  return Uint8Array.from([type, flags, 0, 1, 127, 0, 0, 1, 9, 9, ...fields, 2, ...(target ?? [])])
}

function flip(target: Uint8Array, ...bits: number[]): Uint8Array {
  const flipped = Uint8Array.from(target)
  for (const bit of bits) flipped[bit >> 3]! ^= 128 >> (bit & 7)
  return flipped
}

const random = seededRandom(1)
const target = random.bytes(32)

function send(counter: RequestCounter, bytes: Uint8Array, fromHost = HOST): void {
  void counter.tap({ bytes, fromHost, fromPort: 1, toHost: '20.0.0.2', toPort: 2 })
}

test('request-counter: the requests of a lookup are those with its target, wherever it stands', (t) => {
  const counter = new RequestCounter()
  const count = counter.watch(HOST, target)
  for (const id of [false, true]) for (const token of [false, true]) send(counter, request(target, { id, token }))
  t.is(count.requests, 4)
  send(counter, request(random.bytes(32)))
  send(counter, request(null))
  send(counter, request(target, { type: 0x13 }))
  send(counter, request(target), '20.0.0.3')
  t.is(count.requests, 4, 'no other target, no ping, no reply, no other host')
})

test('request-counter: side questions belong to their lookup, neighbours do not', (t) => {
  const counter = new RequestCounter()
  const count = counter.watch(HOST, target)
  for (const bit of [0, 7, 8, 100, 255]) send(counter, request(flip(target, bit)))
  t.is(count.requests, 5, 'one bit flipped')
  send(counter, request(flip(target, 3, 4)))
  send(counter, request(flip(target, 0, 255)))
  t.is(count.requests, 5, 'two bits flipped')
})

test('request-counter: without a target all requests of a host count, until it is stopped', (t) => {
  const counter = new RequestCounter()
  const all = counter.watch(HOST)
  const one = counter.watch(HOST, target)
  send(counter, request(null))
  send(counter, request(target))
  send(counter, request(target, { type: 0x13 }))
  t.alike([all.requests, one.requests], [2, 1])
  all.stop()
  all.stop()
  send(counter, request(target))
  t.alike([all.requests, one.requests], [2, 2])
})
