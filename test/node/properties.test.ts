/** What holds whatever a caller passes, and whatever strangers claim. */
import test from 'brittle'
import fc from 'fast-check'
import { listContacts } from '../../lib/node/addresses.js'
import {
  checkAddress,
  checkCommand,
  checkFits,
  checkHash,
  checkInteger,
  checkLimits,
  checkValue,
} from '../../lib/node/arguments.js'
import { parseBootstrap } from '../../lib/node/bootstrap-list.js'
import { Contacts } from '../../lib/node/contacts.js'
import { describe } from '../../lib/node/describe.js'
import type { PingOutcome } from '../../lib/node/errands.js'
import { Senders } from '../../lib/node/senders.js'
import { formatIPv4 } from '../../lib/primitives/address.js'
import { abortError, DHTError, type DHTErrorCode, hasCode } from '../../lib/primitives/errors.js'
import { idFromIp, type NodeInfo, sameId } from '../../lib/primitives/id.js'
import { RecencyList } from '../../lib/routing/recency.js'
import { contactOf } from '../helpers/contacts.js'
import { holds } from '../helpers/properties.js'

const anything = fc.anything({ withBigInt: true, withDate: true, withTypedArray: true, withNullPrototype: true })

/** Whether it returns, or throws what callers are told to expect. */
function returnsOrRefuses(check: () => unknown): boolean {
  try {
    check()
    return true
  } catch (error) {
    return error instanceof TypeError || error instanceof RangeError
  }
}

test('arguments: whatever is passed is taken, or refused by a TypeError or RangeError', (t) => {
  holds(
    t,
    fc.property(anything, (value) => {
      return [
        () => checkAddress(value as never),
        () => checkHash(value, 'target'),
        () => checkCommand(value),
        () => checkValue(value),
        () => checkInteger(value, 'it', 0, 10),
        () => checkLimits(value as never),
        () => parseBootstrap(value),
        () => parseBootstrap([value]),
      ].every(returnsOrRefuses)
    }),
    { numRuns: 500 },
  )
})

test('arguments: what is taken is what was passed', (t) => {
  const address = fc.tuple(fc.integer({ min: 1, max: 0xffffffff }), fc.integer({ min: 1, max: 65_535 }))
  holds(
    t,
    fc.property(address, ([ip, port]) => {
      const host = formatIPv4(ip)
      const checked = checkAddress({ host, port })
      const [parsed, named] = parseBootstrap([`${host}:${port}`, `1.2.3.4@${host}:${port}`])
      if (parsed!.host !== host || parsed!.port !== port || named!.suggestedIp !== '1.2.3.4') return false
      return checked.host === host && checked.port === port && checked.ip === ip && named!.host === host
    }),
  )
  holds(
    t,
    fc.property(fc.integer(), fc.integer(), fc.integer(), (value, least, most) => {
      const isInside = value >= least && value <= most
      try {
        return checkInteger(value, 'it', least, most) === value && isInside
      } catch (error) {
        return error instanceof RangeError && !isInside
      }
    }),
  )
  holds(
    t,
    fc.property(fc.nat(200), fc.nat(3000), fc.nat(3000), (size, rest, most) => {
      const fits = size + rest <= most
      return returnsOrRefuses(() => checkFits(new Uint8Array(size), size + rest, most)) && (fits || mostFits())
      function mostFits(): boolean {
        try {
          checkFits(new Uint8Array(size), size + rest, most)
          return false
        } catch (error) {
          return error instanceof RangeError && error.message.includes(`at most ${most - rest} bytes`)
        }
      }
    }),
  )
})

test('describe: any value is a short text', (t) => {
  holds(
    t,
    fc.property(fc.oneof(anything, fc.string({ maxLength: 2000 })), (value) => {
      const text = describe(value)
      return typeof text === 'string' && text.length <= 100
    }),
    { numRuns: 500 },
  )
  t.is(describe(Symbol('x')), 'Symbol(x)')
})

test('errors: a code is the error’s own, and an abort is an error with the reason', (t) => {
  const codes = ['REQUEST_TIMEOUT', 'BIND_FAILED', 'NODE_DESTROYED'] as const satisfies DHTErrorCode[]
  holds(
    t,
    fc.property(fc.constantFrom(...codes), fc.constantFrom(...codes), anything, (code, other, reason) => {
      const error = new DHTError(code, undefined, { cause: reason })
      const aborted = abortError(reason)
      if (hasCode(error, other) !== (code === other) || hasCode(reason, code)) return false
      if (!error.message.startsWith(`${code}: `) || error.cause !== reason) return false
      return (
        aborted instanceof Error && (aborted === reason || (aborted.name === 'AbortError' && aborted.cause === reason))
      )
    }),
  )
})

test('senders: an id is confirmed where it is the hash of the address, whatever was asked before', (t) => {
  const step = fc.record({ port: fc.integer({ min: 1, max: 60 }), lies: fc.boolean(), forgets: fc.boolean() })
  holds(
    t,
    fc.property(fc.array(step, { maxLength: 200 }), fc.uniqueArray(fc.integer({ min: 1, max: 60 })), (steps, ports) => {
      const contacts = new Map(ports.map((port) => [IP * 65_536 + port, idFromIp(IP, port)]))
      const senders = new Senders((key) => contacts.get(key) ?? null)
      for (const { port, lies, forgets } of steps) {
        if (forgets) senders.forget(IP * 65_536 + port)
        const claimed = idFromIp(IP, lies ? port + 1 : port)
        const id = senders.identify(IP, port, claimed, 0)
        if (lies ? id !== null : id === null || !sameId(id, claimed)) return false
      }
      return true
    }),
    { numRuns: 50 },
  )
})

const IP = 0x14000001

test('addresses: a list is the start of all contacts, newest first', (t) => {
  holds(
    t,
    fc.property(fc.array(fc.nat(30), { maxLength: 60 }), fc.nat(40), (touched, limit) => {
      const list = new RecencyList()
      const contacts = Array.from({ length: 31 }, (_, i) => contactOf(idFromIp(IP + i, 1), i))
      for (const i of touched) list.touch(contacts[i]!)
      const newestFirst = [...new Set(touched.toReversed())].map((i) => contacts[i]!.host)
      const hosts = listContacts(list, limit).map(({ host }) => host)
      return hosts.join() === newestFirst.slice(0, limit).join()
    }),
  )
})

test('contacts: whatever comes, only who answered is in, its events add up, and few are asked at a time', (t) => {
  const step = fc.record({
    what: fc.constantFrom('request', 'request', 'answer', 'anonymous', 'hint', 'unanswered', 'settle', 'move', 'time'),
    who: fc.nat(120),
    outcome: fc.constantFrom<PingOutcome>('answered', 'silent', 'given-up'),
  })
  holds(
    t,
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      let now = 0
      const pings: { node: NodeInfo; settled: (outcome: PingOutcome) => void }[] = []
      const answered = new Set<string>()
      const told = new Set<string>()
      let isTold = true
      const contacts = new Contacts(
        {
          now: () => now,
          isNear: () => false,
          isAsking: () => false,
          ping: (node, settled) => void pings.push({ node, settled }),
          askNewcomer: (node, settled) => void pings.push({ node, settled }),
          onLost() {},
          onSilenced() {},
          onAdd: ({ host }) => void (isTold = isTold && !told.has(host) && told.add(host).size > 0),
          onRemove: ({ host }) => void (isTold = isTold && told.delete(host)),
        },
        idFromIp(IP, 9),
        20,
        null,
      )
      for (const { what, who, outcome } of steps) {
        const ip = IP + 256 * (1 + who)
        const host = formatIPv4(ip)
        const id = idFromIp(ip, 1)
        if (what === 'request') contacts.onRequest(host, ip, 1, id)
        else if (what === 'answer') {
          answered.add(host)
          contacts.onAnswer(host, ip, 1, id, 50)
        } else if (what === 'anonymous') contacts.onAnswer(host, ip, 1, null, 50)
        else if (what === 'hint') contacts.onDownHint(ip * 65_536 + 1)
        else if (what === 'unanswered') contacts.onUnanswered(ip * 65_536 + 1, who % 2 === 0, now - 500 * (who % 3))
        else if (what === 'settle') pings.shift()?.settled(outcome)
        else if (what === 'move') contacts.changeId(idFromIp(IP, 10 + who))
        else now += 1000 * who
        if (contacts.pendingChecks > 64 + 10 + 3) return false
      }
      const inside = contacts.table.toArray().map((contact) => contact.host)
      return isTold && inside.length === told.size && inside.every((host) => told.has(host) && answered.has(host))
    }),
    { numRuns: 60 },
  )
})
