import b4a from 'b4a'
import fc from 'fast-check'
import test from 'brittle'
import { addressKey } from '../../lib/primitives/address.js'
import {
  COMMAND,
  decodeDelayedPing,
  decodeDownHint,
  decodePingNat,
  encodeDelayedPing,
  encodeDownHint,
  encodePingNat,
  ERROR,
} from '../../lib/wire/commands.js'
import { decodeRequest } from '../../lib/wire/request.js'
import { loadVectors } from '../vectors/load.js'
import { fromHex, toHex } from './messages.js'
import { holds } from '../helpers/properties.js'

interface CommandVector {
  name: string
  hex: string
  kind: string
  outcome: string
  decoded?: object | null
}

const { vectors } = loadVectors<{ vectors: CommandVector[] }>('malformed')

/** What the argument of a vector's request decodes to; 0 for commands without one. */
function argumentOf(hex: string): number {
  const bytes = fromHex(hex)
  const { command, valueAt, valueBytes } = decodeRequest(bytes)!
  if (command === COMMAND.PING_NAT) return decodePingNat(bytes, valueAt, valueBytes)
  if (command === COMMAND.DOWN_HINT) return decodeDownHint(bytes, valueAt, valueBytes)
  if (command === COMMAND.DELAYED_PING) return decodeDelayedPing(bytes, valueAt, valueBytes)
  return 0
}

test('commands: numbers are those of the protocol', (t) => {
  t.alike(COMMAND, { PING: 0, PING_NAT: 1, FIND_NODE: 2, DOWN_HINT: 3, DELAYED_PING: 4 })
  t.alike(ERROR, { OK: 0, UNKNOWN_COMMAND: 1, INVALID_TOKEN: 2 })
})

test('commands: missing and short arguments are -1, extra bytes are ignored', (t) => {
  let checked = 0
  for (const { name, hex, kind, outcome, decoded } of vectors) {
    if (kind !== 'request' || !decoded || !/^(PING_NAT|DOWN_HINT|DELAYED_PING)/.test(name)) continue
    // Too long a delay is not a matter of the format.
    const dropped = outcome === 'drop' && name !== 'DELAYED_PING 10001 ms'
    t.is(argumentOf(hex) === -1, dropped, name)
    checked++
  }
  t.is(checked, 13)
})

test('commands: arguments are written as the vectors show them', (t) => {
  t.is(toHex(encodePingNat(49737)), '49c2')
  t.is(toHex(encodeDownHint(0x7f000001, 49737)), '7f00000149c2')
  t.is(toHex(encodeDelayedPing(1500)), 'dc050000')
})

test('commands: decode(encode(x)) = x', (t) => {
  const ports = fc.integer({ min: 1, max: 65535 })
  holds(
    t,
    fc.property(ports, fc.nat({ max: 0xffffffff }), fc.nat({ max: 8 }), (port, u32, shift) => {
      const at = (value: Uint8Array) => b4a.concat([b4a.alloc(shift, 0xff), value])
      return (
        decodePingNat(at(encodePingNat(port)), shift, 2) === port &&
        decodeDownHint(at(encodeDownHint(u32, port)), shift, 6) === addressKey(u32, port) &&
        decodeDelayedPing(at(encodeDelayedPing(u32)), shift, 4) === u32
      )
    }),
  )
})
