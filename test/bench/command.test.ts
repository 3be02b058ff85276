/** The command line of the benchmark, and its tables. */
import test from 'brittle'
import { mergeLoopback, type LoopbackResult } from '../../bench/loopback.js'
import type { Row } from '../../bench/measurement.js'
import { parseCommand } from '../../bench/plan.js'
import { compare, formatComparison } from '../../bench/table.js'

const ROW: Row = { id: 'a', label: 'A', unit: 'ms', better: 'lower' }

test('command: numbers replace those of the plan, for every kind of measurement they are about', (t) => {
  const { plan, simulation } = parseCommand(['--rounds', '7', '--seeds', '2', '--nodes', '50', '--hours', '3'])
  t.is(plan.rounds, 7)
  t.alike([simulation.seeds, simulation.nodes, simulation.churnNodes], [2, 50, 50])
  t.is(simulation.churnMs, 3 * 3_600_000)
  t.alike(parseCommand(['--max-nodes', '1000']).simulation.sizes.xorpc, [100, 300, 1000])
  t.is(parseCommand([]).simulation.nodes, 1000, 'one command does not change the next')
})

test('command: by default, what is published: five rounds, five seeds of 200 lookups, and four hours of churn', (t) => {
  const { plan, hyperdht, simulation } = parseCommand([])
  t.alike([plan.rounds, hyperdht.rounds], [5, 5])
  t.alike([simulation.seeds, simulation.lookups, simulation.churnMs], [5, 200, 4 * 3_600_000])
})

test('command: --quick is small, --only picks', (t) => {
  const { simulation, only } = parseCommand(['--quick', '--only', 'lookups,churn'])
  t.ok(simulation.seeds === 1 && simulation.nodes < 100)
  t.alike(only, ['lookups', 'churn'])
})

test('command: what makes no sense is a TypeError', (t) => {
  const commands = [
    ['--seeds', '0'],
    ['--seeds', '1.5'],
    ['--hours', 'many'],
    ['--quick', '--write-docs'],
    ['--self', '--write-docs'],
    ['--self', 'other'],
    ['xorpc'],
    ['--unknown'],
  ]
  for (const args of commands) void t.exception.all(() => parseCommand(args), TypeError, args.join(' '))
})

test('table: ratios are taken within a round, and the column of targets says what the median reaches', (t) => {
  const first = [{ a: 1 }, { a: 10 }, { a: 30 }]
  const second = [{ a: 10 }, { a: 40 }, { a: 40 }]
  const [line] = compare([{ ...ROW, target: 0.25 }], first, second)
  t.alike(line!.ratio, { median: 0.25, min: 0.1, max: 0.75 })
  const table = formatComparison([line!], ['x', 'y'])
  t.ok(/≤ 0\.25 +\| yes/.test(table))
  const missed = compare([{ ...ROW, target: 0.249 }], first, second)
  t.ok(/≤ 0\.25 +\| no/.test(formatComparison(missed, ['x', 'y'])), 'what only rounds to it has not reached it')
  t.absent(formatComparison(compare([ROW], first, second), ['x', 'y']).includes('target'))
})

test('table: where higher is better the target is a least ratio, and a most is about the first side alone', (t) => {
  const tableOf = (row: Partial<Row>, first: number): string =>
    formatComparison(compare([{ ...ROW, ...row }], [{ a: first }], [{ a: 2 }]), ['x', 'y'])
  t.ok(/≥ 1\.20 +\| yes/.test(tableOf({ better: 'higher', target: 1.2 }, 3)))
  t.ok(/≥ 1\.20 +\| no/.test(tableOf({ better: 'higher', target: 1.2 }, 2)))
  t.ok(/own ≤ 1\.20 +\| yes/.test(tableOf({ most: 1.2 }, 1.1)))
  t.ok(/own ≤ 1\.20 +\| no/.test(tableOf({ most: 1.2 }, 1.3)))
})

test('loopback: what is measured again replaces the earlier figures, the rest stays', (t) => {
  const lines = (...values: number[]) =>
    values.map(
      (value, i) => compare([{ ...ROW, id: `row-${i}` }], [{ [`row-${i}`]: value }], [{ [`row-${i}`]: 1 }])[0]!,
    )
  const result = (machine: string, values: number[], references: LoopbackResult['references']): LoopbackResult => {
    return { machine, names: ['x', 'y'], lines: lines(...values), references }
  }
  const merged = mergeLoopback(result('old', [1, 2], { floor: [], workers: [] }), result('new', [3], { floor: [] }))
  t.is(merged.machine, 'new')
  t.alike(
    merged.lines.map(({ id, first }) => [id, first.median]),
    [
      ['row-0', 3],
      ['row-1', 2],
    ],
  )
  t.alike(Object.keys(merged.references), ['floor', 'workers'])
})
