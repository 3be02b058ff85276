/** Every known weakness has a test named after it, and a line in docs/SECURITY.md that says where. */
import test from 'brittle'
import { readdirSync, readFileSync } from 'node:fs'

const ROOT = new URL('../../../', import.meta.url)
const FOLDER = 'test/security/'

const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8')

/** How many weaknesses of each kind are known: `W-S` security, `W-C` correctness, `W-P` performance. */
const COUNTS = JSON.parse(read(`${FOLDER}weaknesses.json`)) as Record<string, number>

const NUMBERS = Object.entries(COUNTS).flatMap(([kind, count]) =>
  Array.from({ length: count }, (_, i) => `${kind}${i + 1}`),
)

/** Titles of the tests of each file. */
const TITLES = new Map(
  readdirSync(new URL(FOLDER, ROOT))
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => [name, [...read(FOLDER + name).matchAll(/^test\('([^']+)'/gm)].map(([, title]) => title!)]),
)

/** Rows of the table of weaknesses: number, what, who, what we do, test. */
const ROWS = [...read('docs/SECURITY.md').matchAll(/^\| (W-[A-Z]\d+) \|(.*)\|$/gm)].map(([, number, rest]) => ({
  number: number!,
  cells: rest!.split('|').map((cell) => cell.trim()),
}))

const standsFor = (title: string, number: string): boolean => title.startsWith(`${number}: `)

test('inventory: there are 55 numbers, and docs/SECURITY.md has one row for each, in order', (t) => {
  t.is(NUMBERS.length, 55)
  t.alike(
    ROWS.map(({ number }) => number),
    NUMBERS,
  )
})

test('inventory: every number has a test of its own, or a reason why it does not apply', (t) => {
  for (const { number, cells } of ROWS) {
    const [what, who, defence, where] = cells as [string, string, string, string]
    t.ok(what.length > 20 && who.length > 2 && defence.length > 8, `${number} is explained`)
    const [, link] = /\]\(\.\.\/test\/security\/([\w-]+\.test\.ts)\)/.exec(where) ?? []
    const proved = link !== undefined && TITLES.get(link)?.some((title) => standsFor(title, number))
    t.ok(proved === true || where.startsWith('does not apply:'), `${number}: ${where}`)
  }
})

test('inventory: no title stands for a number that is not known', (t) => {
  for (const title of [...TITLES.values()].flat()) {
    const [number] = /^W-[A-Z]+\d+/.exec(title) ?? []
    if (number !== undefined) t.ok(NUMBERS.includes(number) && standsFor(title, number), title)
  }
})

test('inventory: what is on by default has tests by the names that docs/SECURITY.md gives them', (t) => {
  const [, section = ''] = /## What is on by default[^\n]*\n([^]*?)\n## /.exec(read('docs/SECURITY.md')) ?? []
  const rows = section
    .split('\n')
    .filter((line) => /^\| [^|-]/.test(line))
    .slice(1)
  t.ok(rows.length >= 15, `${rows.length} of them`)
  for (const row of rows) {
    const links = [...row.matchAll(/\[([^\]]+)\]\(\.\.\/(test\/[\w/-]+\.test\.ts)\)/g)]
    t.ok(links.length > 0, row)
    for (const [, start, path] of links) {
      const titles = [...read(path!).matchAll(/\btest\(\s*['`]([^'`]+)/g)].map(([, title]) => title!)
      t.ok(
        titles.some((title) => title.startsWith(start!)),
        `${path} has a test ${start}…`,
      )
    }
  }
})
