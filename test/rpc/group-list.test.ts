import test from 'brittle'
import * as fc from 'fast-check'
import { createOutgoing, createSendOptions, Exchange } from '../../lib/rpc/exchange.js'
import { ExchangeList } from '../../lib/rpc/exchange-list.js'
import { GroupList } from '../../lib/rpc/group-list.js'
import { holds } from '../helpers/properties.js'

const TO = { host: '127.0.0.1', ip: 0x7f000001, port: 1 }
const MESSAGE = { internal: true, command: 0, target: null, value: null }

function createExchange(): Exchange {
  const handler = { onReply() {}, onFailure() {} }
  return new Exchange(createOutgoing(TO, null, MESSAGE, null), createSendOptions({ retries: 0 }), handler)
}

const isSame = (actual: Exchange[], expected: Exchange[]): boolean =>
  actual.length === expected.length && actual.every((each, i) => each === expected[i])

test('group list: behaves as a set does, while the exchanges are in a list of the client as well', (t) => {
  const anySteps = fc.array(fc.record({ index: fc.nat(9), inGroup: fc.boolean() }), { maxLength: 60 })
  holds(
    t,
    fc.property(anySteps, (steps) => {
      const exchanges = Array.from({ length: 10 }, createExchange)
      const lists = { group: new GroupList(), client: new ExchangeList() }
      const models = { group: new Set<Exchange>(), client: new Set<Exchange>() }
      return steps.every(({ index, inGroup }) => {
        const exchange = exchanges[index]!
        const [list, model] = inGroup ? [lists.group, models.group] : [lists.client, models.client]
        if (model.delete(exchange)) {
          list.remove(exchange)
        } else {
          list.add(exchange)
          model.add(exchange)
        }
        return isSame([...lists.group], [...models.group]) && isSame([...lists.client], [...models.client])
      })
    }),
  )
})

test('group list: whoever holds an exchange that was taken out holds none of the others', (t) => {
  const exchanges = Array.from({ length: 3 }, createExchange)
  const list = new GroupList()
  for (const each of exchanges) list.add(each)
  for (const i of [1, 2, 0]) {
    list.remove(exchanges[i]!)
    t.is(exchanges[i]!.groupPrevious, null)
    t.is(exchanges[i]!.groupNext, null)
  }
  t.is([...list].length, 0)
})
