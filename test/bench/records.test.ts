/** The command that measures records: its command line, its table, and that all of it runs. */
import test from 'brittle'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseRecordsCommand } from '../../bench/records/plan.js'
import { type SpeedResult, speedSections } from '../../bench/records/speed.js'
import { compare } from '../../bench/table.js'

const RUN = fileURLToPath(new URL('../../bench/records/run.js', import.meta.url))
const NAMES = ['survival', 'speed']

test('command: names, sizes and rounds', (t) => {
  const all = parseRecordsCommand([], NAMES)
  t.alike([all.only, all.figures.records, all.speed.nodes, all.speed.outstanding], [[], 1000, 100, 16])
  const some = parseRecordsCommand(['speed', '--rounds', '9', '--write-docs'], NAMES)
  t.alike([some.only, some.speed.rounds, some.writeDocs], [['speed'], 9, true])
  const quick = parseRecordsCommand(['--quick'], NAMES)
  t.ok(quick.figures.nodes < 50 && quick.speed.nodes < 50 && quick.speed.rounds === 1)
})

test('command: what makes no sense is a TypeError', (t) => {
  for (const args of [['other'], ['--rounds', '0'], ['--quick', '--write-docs'], ['--unknown']]) {
    void t.exception.all(() => parseRecordsCommand(args, NAMES), TypeError, args.join(' '))
  }
})

test('table: what was measured, and where', (t) => {
  const row = { id: 'a', label: 'A', unit: 'per s', better: 'higher', target: 3 } as const
  const result: SpeedResult = {
    machine: 'a machine',
    names: ['xorpc', 'hyperdht'],
    plan: parseRecordsCommand([], NAMES).speed,
    lines: compare([row], [{ a: 30 }], [{ a: 10 }]),
  }
  const table = speedSections(result)['records-speed']!
  t.ok(/≥ 3\.00 +\| yes/.test(table) && table.includes('100 nodes in one process') && table.includes('a machine'))
})

test('command: all of it runs, in small', { timeout: 240_000 }, async (t) => {
  const child = spawn(process.execPath, [RUN, '--quick'], { stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => (stdout += String(chunk)))
  child.stderr.on('data', (chunk) => (stderr += String(chunk)))
  const [code] = (await once(child, 'exit')) as [number]
  t.is(code, 0, stderr)
  const names = 'survival freshness races forgery deletion newcomers large sets collections watch lifetime'
  for (const name of names.split(' ')) {
    t.ok(stdout.includes(`${name} {`), name)
  }
  t.ok(stdout.includes('### records-speed') && /immutable get +\| per s/.test(stdout))
})
