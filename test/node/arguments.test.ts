import test from 'brittle'
import {
  checkAddress,
  checkCommand,
  checkFits,
  checkHash,
  checkInteger,
  checkLimits,
  checkOptionalHash,
  checkValue,
  type Destination,
  MAX_DEADLINE_MS,
} from '../../lib/node/arguments.js'
import { parseIPv4 } from '../../lib/primitives/address.js'
import { errorOf } from '../helpers/errors.js'

test('arguments: an address is anything with host and port', (t) => {
  t.alike(checkAddress({ host: '1.2.3.4', port: 5 }), { host: '1.2.3.4', port: 5, ip: parseIPv4('1.2.3.4') })
  const node = Object.assign(Object.create({ host: '1.2.3.4' }) as object, { port: 65535, other: true })
  t.alike(checkAddress(node as unknown as Destination), { host: '1.2.3.4', port: 65535, ip: parseIPv4('1.2.3.4') })
  t.is(checkAddress({ host: '0.0.0.0', port: 5 }).host, '127.0.0.1', 'replies come from there')
})

test('arguments: hashes, commands and values pass as they are', (t) => {
  const hash = new Uint8Array(32)
  t.is(checkHash(hash, 'target'), hash)
  t.is(checkOptionalHash(undefined, 'token'), null)
  t.is(checkOptionalHash(null, 'token'), null)
  t.is(checkOptionalHash(hash, 'token'), hash)
  for (const command of [0, 1, Number.MAX_SAFE_INTEGER]) t.is(checkCommand(command), command)
  const value = new Uint8Array(0)
  t.is(checkValue(value), value)
  t.is(checkValue(null), null)
  t.is(checkValue(undefined), null)
  t.is(checkFits(null, 2048, 2048), undefined)
  const { signal } = new AbortController()
  for (const limits of [undefined, {}, { signal: null, deadlineMs: 0 }, { signal, deadlineMs: MAX_DEADLINE_MS }]) {
    t.is(checkLimits(limits), undefined, 'and throws nothing')
  }
})

test('W-S10: what makes no sense throws, names the argument, its limit and what was given', (t) => {
  const rows: [() => unknown, typeof TypeError | typeof RangeError, string][] = [
    [() => checkAddress(null), TypeError, 'to must be {host, port}, got null'],
    [() => checkAddress(undefined, 'node'), TypeError, 'node must be {host, port}, got undefined'],
    [() => checkAddress('1.2.3.4:5' as never), TypeError, 'to must be {host, port}, got "1.2.3.4:5"'],
    [() => checkAddress({ port: 5 } as never), TypeError, 'to.host must be an IPv4 address, got undefined'],
    [
      () => checkAddress({ host: 'example.org', port: 5 }),
      TypeError,
      'to.host must be an IPv4 address, got "example.org"',
    ],
    [() => checkAddress({ host: '::1', port: 5 }), TypeError, 'to.host must be an IPv4 address, got "::1"'],
    [() => checkAddress({ host: null, port: 5 }), TypeError, 'to.host must be an IPv4 address, got null'],
    [() => checkAddress({ host: '1.2.3.4', port: 0 }), RangeError, 'to.port must be an integer from 1 to 65535, got 0'],
    [
      () => checkAddress({ host: '1.2.3.4', port: '5' } as never),
      RangeError,
      'to.port must be an integer from 1 to 65535, got "5"',
    ],
    [() => checkHash('ab', 'target'), TypeError, 'target must be a 32-byte Uint8Array, got "ab"'],
    [() => checkHash([1], 'token'), TypeError, 'token must be a 32-byte Uint8Array, got [1]'],
    [() => checkHash(new Uint8Array(31), 'target'), RangeError, 'target must be 32 bytes, got 31'],
    [() => checkOptionalHash(new Uint8Array(33), 'token'), RangeError, 'token must be 32 bytes, got 33'],
    [() => checkCommand('1'), TypeError, 'command must be a number, got "1"'],
    [() => checkCommand(undefined), TypeError, 'command must be a number, got undefined'],
    [() => checkCommand(-1), RangeError, 'command must be an integer from 0 to 2^53-1, got -1'],
    [() => checkCommand(1.5), RangeError, 'command must be an integer from 0 to 2^53-1, got 1.5'],
    [() => checkCommand(2 ** 53), RangeError, `command must be an integer from 0 to 2^53-1, got ${2 ** 53}`],
    [() => checkValue('text'), TypeError, 'value must be a Uint8Array or null, got "text"'],
    [() => checkValue(new ArrayBuffer(2)), TypeError, 'value must be a Uint8Array or null, got {}'],
    [
      () => checkFits(new Uint8Array(2000), 2100, 2048),
      RangeError,
      'value must be at most 1948 bytes for a datagram of 2048, got 2000',
    ],
    [() => checkInteger('1', 'ttl', 0, 255), TypeError, 'ttl must be a number, got "1"'],
    [() => checkInteger(256, 'ttl', 0, 255), RangeError, 'ttl must be an integer from 0 to 255, got 256'],
    [() => checkInteger(NaN, 'ttl', 0, 255), RangeError, 'ttl must be an integer from 0 to 255, got NaN'],
    [() => checkLimits({ deadlineMs: -1 }), RangeError, 'deadlineMs must be an integer from 0 to 2147483647, got -1'],
    [
      () => checkLimits({ deadlineMs: Infinity }),
      RangeError,
      'deadlineMs must be an integer from 0 to 2147483647, got Infinity',
    ],
    [() => checkLimits({ deadlineMs: '5' } as never), TypeError, 'deadlineMs must be a number, got "5"'],
    [() => checkLimits({ signal: {} } as never), TypeError, 'signal must be an AbortSignal, got {}'],
  ]
  for (const [run, type, message] of rows) {
    const error = errorOf(run)
    t.ok(error instanceof type, message)
    t.is(error?.message, message)
  }
})
