import test from 'brittle'
import * as fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { NatSampler } from '../../lib/nat/sampler.js'
import { holds } from '../helpers/properties.js'

interface Step {
  add: { host: string; port: number }
  size: number
  threshold: number
  host: string | null
  port: number
}

const vectors = JSON.parse(
  readFileSync(new URL('../../../test/vectors/nat-sampler.json', import.meta.url), 'utf8'),
) as {
  sequences: { name: string; steps: Step[] }[]
}

type Vote = [host: string, port: number]

const A = '1.1.1.1'
const B = '2.2.2.2'

function sampled(votes: Vote[]): NatSampler {
  const sampler = new NatSampler()
  votes.forEach(([host, port], i) => sampler.add(i, host, port))
  return sampler
}

function times<T>(count: number, value: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => value(i))
}

test('sampler: verdicts', (t) => {
  const table: [string, Vote[], string | null, number][] = [
    ['nothing heard', [], null, 0],
    ['one sample', [[A, 10]], A, 10],
    [
      'two that disagree',
      [
        [A, 10],
        [B, 10],
      ],
      null,
      0,
    ],
    [
      'one host, different ports',
      [
        [A, 10],
        [A, 11],
        [A, 12],
      ],
      A,
      0,
    ],
    [
      'three of four',
      [
        [A, 10],
        [B, 9],
        [A, 10],
        [A, 10],
      ],
      A,
      10,
    ],
    [
      'two of three',
      [
        [A, 10],
        [B, 9],
        [A, 10],
      ],
      null,
      0,
    ],
    [
      'host by four of five, port by three',
      [
        [A, 10],
        [B, 10],
        [A, 11],
        [A, 10],
        [A, 10],
      ],
      A,
      0,
    ],
    [
      'the same port of two hosts',
      [
        [A, 10],
        [B, 10],
        [A, 10],
        [B, 10],
      ],
      null,
      0,
    ],
    ['thirteen of sixteen', [...times<Vote>(3, () => [B, 9]), ...times<Vote>(13, () => [A, 10])], A, 10],
    ['twelve of sixteen', [...times<Vote>(4, () => [B, 9]), ...times<Vote>(12, () => [A, 10])], null, 0],
    [
      'port 0 is no port',
      [
        [A, 0],
        [A, 0],
      ],
      A,
      0,
    ],
  ]
  for (const [name, votes, host, port] of table) {
    const sampler = sampled(votes)
    t.alike([sampler.host, sampler.port], [host, port], name)
  }
})

test('sampler: thresholds by size', (t) => {
  const sampler = new NatSampler()
  const thresholds = times(18, (i) => {
    sampler.add(i, A, 10)
    return sampler.threshold
  })
  t.alike(thresholds, [1, 2, 3, 3, 4, 5, 6, 6, 7, 8, 9, 9, 10, 11, 12, 13, 13, 13])
  t.is(sampler.size, 16)
})

test('sampler: add tells whether the result changed', (t) => {
  const sampler = new NatSampler()
  t.ok(sampler.add('a', A, 10))
  t.absent(sampler.add('b', A, 10))
  t.ok(sampler.add('c', A, 11), 'the port is lost')
  t.absent(sampler.add('d', A, 12))
  t.ok(sampler.reset())
  t.absent(sampler.reset())
  t.alike([sampler.host, sampler.port, sampler.size], [null, 0, 0])
})

test('sampler: one source has one vote', (t) => {
  const sampler = new NatSampler()
  sampler.add('honest 1', A, 10)
  sampler.add('honest 2', A, 10)
  for (let i = 0; i < 50; i++) sampler.add('liar', B, i)
  t.is(sampler.size, 3)
  t.is(sampler.host, null)
  sampler.add('liar', A, 10)
  t.alike([sampler.host, sampler.port], [A, 10], 'its last word counts')
})

test('sampler: a new address wins once thirteen of sixteen sources have seen it', (t) => {
  const sampler = sampled(times(16, () => [A, 10]))
  const hosts = times(16, (i) => {
    sampler.add(100 + i, B, 20)
    return sampler.host
  })
  t.alike(hosts, [A, A, A, ...times(9, () => null), B, B, B, B])
})

test('sampler: equals a count over the last sixteen sources', (t) => {
  const sample = fc.tuple(fc.nat(20), fc.constantFrom(A, A, A, B), fc.constantFrom(0, 10, 10, 10, 11))
  holds(
    t,
    fc.property(fc.array(sample, { maxLength: 60 }), (samples) => {
      const sampler = new NatSampler()
      let model: [number, string, number][] = []
      for (const [source, host, port] of samples) {
        const before = [sampler.host, sampler.port]
        const changed = sampler.add(source, host, port)
        model = [...model.filter((x) => x[0] !== source), [source, host, port] as [number, string, number]].slice(-16)
        const size = model.length
        const threshold = size - Math.min(3, Math.floor(size / 4))
        const winner = (key: (x: [number, string, number]) => string) =>
          model.find((x) => model.filter((y) => key(y) === key(x)).length >= threshold)
        const exact = winner((x) => `${x[1]}:${x[2]}`)
        const expected = exact ? [exact[1], exact[2]] : [winner((x) => x[1])?.[1] ?? null, 0]
        if (sampler.host !== expected[0] || sampler.port !== expected[1] || sampler.size !== size) return false
        if (changed !== (before[0] !== sampler.host || before[1] !== sampler.port)) return false
      }
      return true
    }),
  )
})

/**
 * There an address gets a second counter when more than four other samples lie between two of its own. That never shows
 * in a result: with more than four of sixteen against it an address has no majority anyway. So all sequences apply.
 */
test('sampler: vectors', (t) => {
  for (const { name, steps } of vectors.sequences) t.is(firstDifference(steps), -1, `${name}: ${steps.length} samples`)
})

/** Every sample from a source of its own, as there. */
function firstDifference(steps: Step[]): number {
  const sampler = new NatSampler()
  return steps.findIndex(({ add, size, threshold, host, port }, i) => {
    sampler.add(i, add.host, add.port)
    const isSame = sampler.host === host && sampler.port === port
    return !isSame || sampler.size !== size || sampler.threshold !== threshold
  })
}
