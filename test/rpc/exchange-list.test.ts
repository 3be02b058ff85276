import test from 'brittle'
import * as fc from 'fast-check'
import { createOutgoing, createSendOptions, Exchange } from '../../lib/rpc/exchange.js'
import { ExchangeList } from '../../lib/rpc/exchange-list.js'
import { holds } from '../helpers/properties.js'

const TO = { host: '127.0.0.1', ip: 0x7f000001, port: 1 }
const MESSAGE = { internal: true, command: 0, target: null, value: null }

function createExchange(): Exchange {
  const handler = { onReply() {}, onFailure() {} }
  return new Exchange(createOutgoing(TO, null, MESSAGE, null), createSendOptions({ retries: 0 }), handler)
}

test('exchange list: behaves as a set does', (t) => {
  const anySteps = fc.array(fc.record({ index: fc.integer({ min: 0, max: 9 }), add: fc.boolean() }), { maxLength: 60 })
  holds(
    t,
    fc.property(anySteps, (steps) => {
      const exchanges = Array.from({ length: 10 }, createExchange)
      const list = new ExchangeList()
      const model = new Set<Exchange>()
      for (const { index, add } of steps) {
        const exchange = exchanges[index]!
        if (list.has(exchange) !== model.has(exchange)) return false
        if (add === list.has(exchange)) continue
        if (add) list.add(exchange)
        else list.remove(exchange)
        if (add) model.add(exchange)
        else model.delete(exchange)
        const expected = [...model]
        const actual = [...list]
        if (list.size !== model.size || list.first !== (expected[0] ?? null)) return false
        if (actual.length !== expected.length || !actual.every((x, i) => x === expected[i])) return false
      }
      return true
    }),
  )
})
