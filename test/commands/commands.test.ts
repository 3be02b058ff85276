import test from 'brittle'
import { handleDownHint } from '../../lib/commands/down-hint.js'
import { handleFindNode } from '../../lib/commands/find-node.js'
import { handlePing } from '../../lib/commands/ping.js'
import { handlePingNat } from '../../lib/commands/ping-nat.js'
import { addressKey, parseIPv4 } from '../../lib/primitives/address.js'
import { COMMAND, encodeDownHint, encodePingNat } from '../../lib/wire/commands.js'
import { inboundOf, recordAnswers } from './harness.js'

const BARE = { token: false, closerNodes: false }

test('ping: answered with nothing, whatever its padding', (t) => {
  const { answers, answer } = recordAnswers()
  for (const value of [undefined, new Uint8Array(0), new Uint8Array(1000)]) {
    const inbound = inboundOf(COMMAND.PING, value && { value })
    t.is(handlePing(inbound, answer), 'handled')
    t.alike(answers.at(-1), { inbound, error: 0, add: BARE, port: undefined })
  }
})

test('find-node: answered with the closest contacts, dropped without a target', (t) => {
  const { answers, answer } = recordAnswers()
  const inbound = inboundOf(COMMAND.FIND_NODE, { target: new Uint8Array(32) })
  t.is(handleFindNode(inbound, answer), 'handled')
  t.alike(answers, [{ inbound, error: 0, add: { token: false, closerNodes: true }, port: undefined }])
  t.is(handleFindNode(inboundOf(COMMAND.FIND_NODE), answer), 'badArgument')
  t.is(answers.length, 1)
})

test('ping-nat: answered to the port it names, on the host it came from', (t) => {
  const { answers, answer } = recordAnswers()
  const inbound = inboundOf(COMMAND.PING_NAT, { value: encodePingNat(4660) })
  t.is(handlePingNat(inbound, answer), 'handled')
  t.alike(answers, [{ inbound, error: 0, add: BARE, port: 4660 }])
})

test('ping-nat: dropped without a port', (t) => {
  const { answers, answer } = recordAnswers()
  for (const value of [undefined, new Uint8Array(0), new Uint8Array(1), encodePingNat(0)]) {
    t.is(handlePingNat(inboundOf(COMMAND.PING_NAT, value && { value }), answer), 'badArgument')
  }
  t.is(answers.length, 0)
})

test('W-S13: bytes behind the argument are ignored, as the network does', (t) => {
  const { answers, answer } = recordAnswers()
  const value = Uint8Array.from([...encodePingNat(4660), 1, 2, 3])
  t.is(handlePingNat(inboundOf(COMMAND.PING_NAT, { value }), answer), 'handled')
  t.is(answers[0]!.port, 4660)
})

test('down-hint: has the contact looked after, and is answered whether or not it is known', (t) => {
  const { answers, answer } = recordAnswers()
  const checked: number[] = []
  const value = encodeDownHint(parseIPv4('1.2.3.4'), 56)
  const inbound = inboundOf(COMMAND.DOWN_HINT, { value })
  t.is(
    handleDownHint(inbound, answer, (key) => void checked.push(key)),
    'handled',
  )
  t.alike(checked, [addressKey(parseIPv4('1.2.3.4'), 56)])
  t.alike(answers, [{ inbound, error: 0, add: BARE, port: undefined }])
})

test('down-hint: dropped without a whole address', (t) => {
  const { answers, answer } = recordAnswers()
  const check = (): void => void t.fail('nobody is to be checked')
  for (const value of [undefined, new Uint8Array(0), new Uint8Array(5)]) {
    t.is(handleDownHint(inboundOf(COMMAND.DOWN_HINT, value && { value }), answer, check), 'badArgument')
  }
  t.is(answers.length, 0)
})
