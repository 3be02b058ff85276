/** What holds for every argument of the protocol's own commands. */
import test from 'brittle'
import fc from 'fast-check'
import { BARE, type CommandOutcome, WITH_CLOSER_NODES } from '../../lib/commands/contract.js'
import { handleDownHint } from '../../lib/commands/down-hint.js'
import { handleFindNode } from '../../lib/commands/find-node.js'
import { handlePing } from '../../lib/commands/ping.js'
import { handlePingNat } from '../../lib/commands/ping-nat.js'
import { createCommandHandler } from '../../lib/node/internal-commands.js'
import { inboundOf, recordAnswers } from './harness.js'
import { holds } from '../helpers/properties.js'

const value = fc.option(fc.uint8Array({ maxLength: 40 }), { nil: undefined })
const target = fc.option(fc.uint8Array({ minLength: 32, maxLength: 32 }), { nil: undefined })

test('commands: PING is answered once, with nothing, whatever it carries', (t) => {
  holds(
    t,
    fc.property(value, target, (bytes, key) => {
      const { answers, answer } = recordAnswers()
      const outcome = handlePing(inboundOf(0, { value: bytes, target: key }), answer)
      const [only] = answers
      return outcome === 'handled' && answers.length === 1 && only!.error === 0 && only!.add === BARE
    }),
  )
})

test('commands: PING_NAT is answered at the port of its first two bytes, or not at all', (t) => {
  holds(
    t,
    fc.property(value, (bytes) => {
      const { answers, answer } = recordAnswers()
      const port = bytes === undefined || bytes.length < 2 ? 0 : bytes[0]! + 256 * bytes[1]!
      const outcome = handlePingNat(inboundOf(1, { value: bytes }), answer)
      if (port === 0) return outcome === 'badArgument' && answers.length === 0
      return outcome === 'handled' && answers.length === 1 && answers[0]!.port === port && answers[0]!.add === BARE
    }),
  )
})

test('commands: FIND_NODE is answered with nodes, where it has a target', (t) => {
  holds(
    t,
    fc.property(value, target, (bytes, key) => {
      const { answers, answer } = recordAnswers()
      const outcome = handleFindNode(inboundOf(2, { value: bytes, target: key }), answer)
      if (key === undefined) return outcome === 'badArgument' && answers.length === 0
      return outcome === 'handled' && answers.length === 1 && answers[0]!.add === WITH_CLOSER_NODES
    }),
  )
})

test('commands: DOWN_HINT has the address of its first six bytes checked, and is answered', (t) => {
  holds(
    t,
    fc.property(value, (bytes) => {
      const { answers, answer } = recordAnswers()
      const checked: number[] = []
      const outcome: CommandOutcome = handleDownHint(inboundOf(3, { value: bytes }), answer, (key) => checked.push(key))
      if (bytes === undefined || bytes.length < 6) {
        return outcome === 'badArgument' && answers.length === 0 && checked.length === 0
      }
      const [a, b, c, d, low, high] = bytes as unknown as [number, number, number, number, number, number]
      const key = (((a * 256 + b) * 256 + c) * 256 + d) * 65_536 + low + 256 * high
      return outcome === 'handled' && answers.length === 1 && checked.length === 1 && checked[0] === key
    }),
  )
})

test('commands: each number goes to its handler, and an unknown one is answered with nodes and an error', (t) => {
  holds(
    t,
    fc.property(fc.oneof(fc.nat(6), fc.nat(0xffff)), (command) => {
      const { answers, answer } = recordAnswers()
      const delayed: number[] = []
      const delayedPings = { handle: () => (delayed.push(command), 'handled') }
      const server = { answer, answerLater: () => () => {} }
      const handle = createCommandHandler(server as never, delayedPings as never, () => {})
      const fields = { target: new Uint8Array(32), value: new Uint8Array(6).fill(1) }
      if (handle(inboundOf(command, fields) as never) !== 'handled') return false
      if (command === 4) return delayed.length === 1 && answers.length === 0
      const isKnown = command < 4
      return answers.length === 1 && delayed.length === 0 && answers[0]!.error === (isKnown ? 0 : 1)
    }),
  )
})
