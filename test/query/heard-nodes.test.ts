import test from 'brittle'
import fc from 'fast-check'
import { formatIPv4 } from '../../lib/primitives/address.js'
import { compareDistance, idFromIp, idPrefix } from '../../lib/primitives/id.js'
import { HeardNodes } from '../../lib/query/heard-nodes.js'
import { holds } from '../helpers/properties.js'

const TARGET = idFromIp(1, 1)
const PORT = 1000
const NOW = 2 ** 32 + 1234.5

function prefixOf(ip: number): number {
  return idPrefix(idFromIp(ip, PORT))
}

function heardOf(ips: readonly number[]): HeardNodes {
  const heard = new HeardNodes()
  for (const ip of ips) heard.add(prefixOf(ip), ip, PORT, NOW)
  return heard
}

/** Those of them that still have their place: the last ones there. */
function survivorsOf(ips: readonly number[]): number[] {
  const places = new Map(ips.map((ip) => [prefixOf(ip) & 511, ip]))
  return [...places.values()]
}

test('heard nodes: the nearest of those that have a place, nearest first', (t) => {
  holds(
    t,
    fc.property(fc.uniqueArray(fc.nat(0xffff), { maxLength: 900 }), fc.integer({ min: 1, max: 10 }), (ips, count) => {
      const expected = survivorsOf(ips)
        .sort((a, b) => compareDistance(TARGET, idFromIp(a, PORT), idFromIp(b, PORT)))
        .slice(0, count)
        .map((ip) => `${formatIPv4(ip)}:${PORT}`)
      const nearest = heardOf(ips).nearest(TARGET, count, NOW)
      return nearest.map(({ host, port }) => `${host}:${port}`).join() === expected.join()
    }),
  )
})

test('heard nodes: however many names come, 512 are kept', (t) => {
  const ips = Array.from({ length: 5000 }, (_, i) => i)
  t.is(heardOf(ips).nearest(TARGET, 5000, NOW).length, 512)
})

test('heard nodes: one that is forgotten is gone, and whoever took its place stays', (t) => {
  const first = 1
  const second = Array.from({ length: 10_000 }, (_, i) => i + 2).find(
    (ip) => (prefixOf(ip) & 511) === (prefixOf(first) & 511),
  )!
  const heard = heardOf([first, second])
  heard.remove(prefixOf(first), first, PORT)
  t.alike(heard.nearest(TARGET, 4, NOW), [
    { host: formatIPv4(second), ip: second, port: PORT, prefixDistance: (prefixOf(second) ^ idPrefix(TARGET)) >>> 0 },
  ])
  heard.remove(prefixOf(second), second, PORT)
  t.alike(heard.nearest(TARGET, 4, NOW), [])
})

test('heard nodes: who was heard of more than ten minutes ago is passed over, also where the milliseconds wrap', (t) => {
  for (const heardAt of [0, 5e6, 2 ** 32 - 1000]) {
    const heard = new HeardNodes()
    heard.add(prefixOf(1), 1, PORT, heardAt)
    t.is(heard.nearest(TARGET, 4, heardAt + 599_999).length, 1)
    t.is(heard.nearest(TARGET, 4, heardAt + 600_001).length, 0)
    heard.add(prefixOf(1), 1, PORT, heardAt + 600_001)
    t.is(heard.nearest(TARGET, 4, heardAt + 700_000).length, 1, 'heard of again')
  }
})
