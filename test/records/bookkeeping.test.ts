/** What holders and writers count and remember, against plain models of it. */
import b4a from 'b4a'
import test from 'brittle'
import fc from 'fast-check'
import { describePut, PutTally } from '../../lib/records/client/put-outcome.js'
import { ByteReader } from '../../lib/records/codec/byte-reader.js'
import { byte, encodeFields, type Field, raw, sized, text, uint } from '../../lib/records/codec/fields.js'
import { isChunkCommand, isRecordCommand, RECORD_COMMAND } from '../../lib/records/codec/commands.js'
import type { Entry } from '../../lib/records/entry.js'
import { toHex } from '../../lib/records/hex.js'
import { Accounts, copyAccount } from '../../lib/records/holder/accounts.js'
import { BoundedMap } from '../../lib/records/holder/bounded-map.js'
import { mountHandler } from '../../lib/records/holder/mount.js'
import { ExpiryQueue } from '../../lib/records/store/expiry-queue.js'
import { type Counted, UsageLedger } from '../../lib/records/store/usage-ledger.js'
import { uintBytes, writeUint } from '../../lib/wire/varint.js'
import { entryOf } from './entries.js'
import { holds } from '../helpers/properties.js'

test('byte reader: fields come out as they went in, and nothing behind the end is read', (t) => {
  const some = fc.uint8Array({ maxLength: 20 })
  const field = fc.oneof(
    fc.record({ as: fc.constant('raw' as const), value: some }),
    fc.record({ as: fc.constant('sized' as const), value: some }),
    fc.record({ as: fc.constant('uint' as const), value: fc.maxSafeNat() }),
    fc.record({ as: fc.constant('byte' as const), value: fc.nat(255) }),
    fc.record({ as: fc.constant('text' as const), value: fc.string({ maxLength: 9, unit: 'grapheme' }) }),
  )
  type Each = typeof field extends fc.Arbitrary<infer T> ? T : never
  const written = (each: Each): Field =>
    each.as === 'raw' || each.as === 'sized'
      ? { raw, sized }[each.as](each.value)
      : each.as === 'text'
        ? text(each.value)
        : { uint, byte }[each.as](each.value)
  const read = (reader: ByteReader, { as, value }: Each): string => {
    if (as === 'uint' || as === 'byte') return String(reader[as]())
    if (as === 'raw') return reader.take(value.length).join()
    return as === 'sized' ? reader.sized().join() : b4a.toString(reader.sized())
  }
  let wholeOnes = 0
  holds(
    t,
    fc.property(fc.array(field, { maxLength: 12 }), fc.nat(400), (fields, cut) => {
      const parts = fields.map((each) => encodeFields([written(each)]))
      const whole = encodeFields(fields.map(written))
      if (whole.join() !== parts.flatMap((part) => [...part]).join()) return false
      for (const [i, { as, value }] of fields.entries()) {
        if (as !== 'uint') continue
        const bytes = new Uint8Array(uintBytes(value))
        writeUint(bytes, 0, value)
        if (parts[i]!.join() !== bytes.join()) return false
      }
      const bytes = whole.subarray(0, cut)
      const reader = new ByteReader(bytes)
      let end = 0
      for (const [i, each] of fields.entries()) {
        end += parts[i]!.length
        const found = read(reader, each)
        const isThere = end <= bytes.length
        if (reader.failed === isThere) return false
        if (!isThere) return (found === '' || found === '0') && reader.byte() === 0 && reader.uint() === 0
        const expected = each.value instanceof Uint8Array ? each.value.join() : String(each.value)
        if (found !== expected || reader.rest !== bytes.length - end || reader.slice(0).length !== end) return false
      }
      wholeOnes++
      return true
    }),
  )
  t.ok(wholeOnes > 0)
})

test('byte reader: a length is compared with what there is, and with a limit, before anything is made of it', (t) => {
  const long = encodeFields([uint(2 ** 40), raw(new Uint8Array(5))])
  const reader = new ByteReader(long)
  t.alike([reader.sized().length, reader.failed, reader.rest >= 0], [0, true, true])
  for (const [size, maxBytes, fails] of [
    [5, 5, false],
    [6, 5, true],
    [0, 0, false],
  ] as const) {
    const bounded = new ByteReader(encodeFields([sized(new Uint8Array(size))]))
    t.alike([bounded.sized(maxBytes).length, bounded.failed], [fails ? 0 : size, fails])
  }
  const tooHigh = new ByteReader(Uint8Array.of(255, 0, 0, 0, 0, 0, 0, 32, 0))
  t.alike([tooHigh.uint(), tooHigh.failed], [0, true], 'above 2^53-1')
})

test('bounded map: holds the entries that were set last, and no more', (t) => {
  const step = fc.record({ key: fc.nat(12).map(String), deletes: fc.boolean() })
  holds(
    t,
    fc.property(fc.integer({ min: 1, max: 8 }), fc.array(step, { maxLength: 80 }), (limit, steps) => {
      const map = new BoundedMap<number>(limit)
      let model: [string, number][] = []
      for (const [i, { key, deletes }] of steps.entries()) {
        model = model.filter(([other]) => other !== key)
        if (deletes) map.delete(key)
        else {
          map.set(key, i)
          model = [...model, [key, i] as [string, number]].slice(-limit)
        }
      }
      const expected = new Map(model)
      return Array.from({ length: 13 }, (_, i) => String(i)).every((key) => map.get(key) === expected.get(key))
    }),
  )
})

test('expiry queue: the living come out in the order of their ends, each once', (t) => {
  const step = fc.record({ what: fc.constantFrom('push', 'push', 'kill', 'pop'), until: fc.nat(100) })
  holds(
    t,
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const living = new Set<Entry>()
      const queue = new ExpiryQueue((entry) => living.has(entry))
      let serial = 0
      const pop = (nowMs: number): boolean => {
        const due = [...living].map(({ heldUntilMs }) => heldUntilMs).filter((end) => end <= nowMs)
        const entry = queue.pop(nowMs)
        if (entry === null) return due.length === 0
        return living.delete(entry) && entry.heldUntilMs === Math.min(...due)
      }
      for (const { what, until } of steps) {
        if (what === 'push') {
          const entry = entryOf(serial++, { heldUntilMs: until })
          living.add(entry)
          queue.push(entry)
        } else if (what === 'kill') {
          const [first] = living
          if (first === undefined) continue
          living.delete(first)
          queue.noteDead()
        } else if (!pop(until)) return false
      }
      while (living.size > 0) if (!pop(Infinity)) return false
      return queue.pop(Infinity) === null
    }),
  )
})

test('expiry queue: thousands that are replaced leave no more than as many', (t) => {
  const living = new Set<Entry>()
  const queue = new ExpiryQueue((entry) => living.has(entry))
  let last = entryOf(0)
  for (let i = 0; i < 10_000; i++) {
    if (living.delete(last)) queue.noteDead()
    last = entryOf(i, { heldUntilMs: i })
    living.add(last)
    queue.push(last)
  }
  t.is(queue.pop(20_000), last)
  t.is(queue.pop(20_000), null)
})

test('usage ledger: accounts are the sums of what lies there', (t) => {
  const counted = fc.record<Counted>({
    channel: fc.constantFrom('', 'a', 'b'),
    target: fc.nat(3).map((n) => new Uint8Array(32).fill(n)),
    owner: fc.option(fc.nat(3).map((n) => new Uint8Array(32).fill(100 + n))),
    sizeBytes: fc.nat(5000),
  })
  holds(
    t,
    fc.property(fc.array(fc.tuple(counted, fc.option(fc.nat(20))), { maxLength: 60 }), (steps) => {
      const ledger = new UsageLedger()
      const there: Counted[] = []
      for (const [after, which] of steps) {
        const at = which === null || there.length === 0 ? -1 : which % there.length
        const before = at === -1 ? null : there[at]!
        // Every third time nothing comes in its place.
        const next = before !== null && after.sizeBytes % 3 === 0 ? null : after
        ledger.replace(before, next)
        if (before !== null) there.splice(at, 1)
        if (next !== null) there.push(next)
      }
      const same = (usage: { entries: number; bytes: number }, of: Counted[]): boolean =>
        usage.entries === of.length && usage.bytes === of.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
      if (!same(ledger.usage(), there)) return false
      return ['', 'a', 'b'].every((channel) => {
        const inChannel = there.filter((each) => each.channel === channel)
        if (!same(ledger.usage(channel), inChannel)) return false
        return [0, 1, 2, 3].every((n) => {
          const owner = new Uint8Array(32).fill(100 + n)
          const target = new Uint8Array(32).fill(n)
          const owned = inChannel.filter((each) => each.owner?.[0] === 100 + n)
          const atKey = inChannel.filter((each) => each.target[0] === n)
          return same(ledger.usageOfOwner(channel, owner), owned) && ledger.countOf(channel, target) === atKey.length
        })
      })
    }),
  )
})

test('accounts: each channel has its own, up to a number, and what is refused opens none', (t) => {
  const step = fc.record({
    channel: fc.nat(400).map(String),
    what: fc.constantFrom('stored', 'offered', 'swept', 'BUSY' as const),
  })
  holds(
    t,
    fc.property(fc.array(step, { maxLength: 900, minLength: 300 }), (steps) => {
      const accounts = new Accounts(['', '7'])
      const open = new Set(['', '7'])
      const counted: string[] = []
      for (const { channel, what } of steps) {
        if (what === 'BUSY') accounts.countRefusal(what, channel)
        else if (open.size < 258) open.add(channel)
        if (open.has(channel)) counted.push(`${channel} ${what}`)
        if (what === 'stored') accounts.count(channel, ({ admitted }) => admitted.stored++)
        else if (what === 'offered') accounts.count(channel, ({ handedOver }) => handedOver.offered++)
        else if (what === 'swept') accounts.count(channel, (account) => account.swept++)
      }
      const numbersOf = ({ admitted, handedOver, swept }: typeof accounts.total): number[] => [
        admitted.stored,
        handedOver.offered,
        swept,
        admitted.refused.BUSY ?? 0,
      ]
      const names = ['stored', 'offered', 'swept', 'BUSY']
      const total = names.map((name) => steps.filter(({ what }) => what === name).length)
      const copy = copyAccount(accounts.total)
      accounts.count('7', (account) => account.swept++)
      if (numbersOf(copy).join() !== total.join()) return false
      if ([...accounts.channels.keys()].sort().join() !== [...open].sort().join()) return false
      return [...accounts.channels].every(([channel, account]) => {
        const expected = names.map((name) => counted.filter((each) => each === `${channel} ${name}`).length)
        if (channel === '7') expected[2]!++
        return numbersOf(account).join() === expected.join()
      })
    }),
    { numRuns: 20 },
  )
})

test('put outcome: every delivery is counted once, and said', (t) => {
  const status = fc.constantFrom('stored', 'timed-out', 'refused' as const)
  holds(
    t,
    fc.property(fc.array(status, { maxLength: 20 }), fc.nat(20), fc.nat(5), (all, needed, waiting) => {
      const tally = new PutTally(all.length + waiting, needed)
      for (const [port, each] of all.entries()) {
        const node = { id: null, host: '20.0.0.1', port }
        if (each === 'refused') {
          tally.add({ node, status: each, refusal: { reason: 'SEQ_TOO_LOW' }, current: null })
        } else tally.add({ node, status: each })
      }
      const count = (name: string): number => all.filter((each) => each === name).length
      const outcome = tally.outcome({ seq: 3, signedAtMs: 10, ttlMs: 5 })
      const said = describePut(outcome)
      return (
        outcome.stored.length === count('stored') &&
        outcome.refused.length === count('refused') &&
        outcome.timedOut.length === count('timed-out') &&
        outcome.pending === waiting &&
        tally.isStored === count('stored') >= needed &&
        tally.isContested === count('refused') > 0 &&
        outcome.expiresAtMs === 15 &&
        said.startsWith(`${count('stored')} of ${all.length + waiting} nodes`) &&
        said.includes('SEQ_TOO_LOW') === count('refused') > 0
      )
    }),
  )
})

test('commands: each number of this module is of records or of chunks, no other one is, and hex is hex', (t) => {
  holds(
    t,
    fc.property(fc.maxSafeNat(), fc.uint8Array(), (command, bytes) => {
      const isOurs = (Object.values(RECORD_COMMAND) as number[]).includes(command)
      const isOne = isRecordCommand(command) !== isChunkCommand(command)
      return isOne === isOurs && toHex(bytes) === Buffer.from(bytes).toString('hex')
    }),
  )
  for (const command of Object.values(RECORD_COMMAND)) t.ok(isRecordCommand(command) !== isChunkCommand(command))
})

test('mount: whoever is mounted last comes first, and who is gone sees nothing', (t) => {
  const step = fc.record({ takes: fc.nat(5), unmounts: fc.option(fc.nat(10)) })
  holds(
    t,
    fc.property(fc.array(step, { maxLength: 10 }), fc.nat(5), (steps, command) => {
      const seen: string[] = []
      const node = { onrequest: () => (seen.push('node'), true) }
      const mounted: { takes: number; serial: number; off: () => void }[] = []
      for (const [serial, { takes, unmounts }] of steps.entries()) {
        const off = mountHandler(node as never, (request) => {
          seen.push(String(serial))
          return (request as unknown as { command: number }).command === takes
        })
        mounted.push({ takes, serial, off })
        if (unmounts !== null) mounted.splice(unmounts % mounted.length, 1)[0]?.off()
      }
      ;(node.onrequest as (request: unknown) => unknown)({ command })
      const order = mounted.toReversed()
      const taken = order.findIndex(({ takes }) => takes === command)
      const expected = order.slice(0, taken === -1 ? undefined : taken + 1).map(({ serial }) => String(serial))
      return seen.join() === [...expected, ...(taken === -1 ? ['node'] : [])].join()
    }),
  )
})
