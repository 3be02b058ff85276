/** The tutorial page: the step of each chapter. */
import test from 'brittle'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PageDriver } from './page-driver.js'

const CHAPTERS = fileURLToPath(new URL('../../../tutorial/page/chapters/', import.meta.url))

/** What each chapter's step prints: the pictures are told by other tests. */
const PRINTED: Record<string, RegExp[]> = {
  '01-a-lonely-node': [/^nodes it knows: 0$/, /^its id: null$/, /^nodes that answered a question: 0$/],
  '02-a-bootstrapper': [/^20\.0\.0\.1:49737 has the id [0-9a-f]{64}$/, /^nodes they know: 0 and 0$/],
  '03-a-first-node': [
    /^the node knows: 1$/,
    /^the bootstrapper knows: 0$/,
    /^the node is ephemeral: true$/,
    /^its id: null$/,
  ],
  '04-turning-persistent': [
    /^provisional id: [0-9a-f]{8}$/,
    /^persistent now, with the id [0-9a-f]{8}$/,
    /^behind a firewall: ephemeral, as it is unreachable$/,
  ],
  '05-a-second-node': [
    /^bootstrapper 1 knows node 2 and node 3$/,
    /^node 2 knows bootstrapper 1 and node 3$/,
    /^node 3 knows bootstrapper 1 and node 2$/,
  ],
  '06-a-node-dies': [
    /^before: the bootstrapper knows 2, the first node knows 2$/,
    /^it dies: the first node still knows 2$/,
    /^noticed: the first node knows 1$/,
  ],
  '07-hundreds-of-nodes': [/^25 nodes, it knows 24: 96 %$/, /^300 nodes, it knows \d\d: [23]\d %$/, /^in its table: /],
  '08-a-command-of-your-own': [
    /^a text: error 0, value !neve ro ddo reven$/,
    /^no text: error 16, value null$/,
    /^what it does not know: error 1, value null$/,
  ],
  '09-a-query': [/^\d+( \d+){19,}$/, /^\d\d of 100 nodes were asked$/, /^20\.0\.\d+\.1: \d bits shared$/],
  '10-write-and-read': [/^written to (20\.0\.\d+\.1)$/, /^read from 20\.0\.\d+\.1$/, /^value: tomato soup$/],
  '11-a-closer-node-joins': [
    /^written to 20 nodes, the closest of them 20\.0\.\d+\.1$/,
    /^20\.0\.\d+\.1 is closer; there are 1\d\d nodes now$/,
    /^20\.0\.\d+\.1 says: null$/,
    /^20\.0\.\d+\.1 says: tomato soup$/,
  ],
  '12-any-holder-will-do': [
    /^written to 20 nodes$/,
    /^the 10 closest of them died$/,
    /^20\.0\.\d+\.1 says: tomato soup$/,
    /^replies until somebody had it: \d+$/,
  ],
  '13-records-that-last': [
    /^version 2 is on 20 nodes$/,
    /^of the newcomers [1-9]\d? hold it now$/,
    /^its 15 closest holders died$/,
    /^version 2, still: pea soup$/,
    /^version 3 deletes it: deleted$/,
  ],
}

const files = readdirSync(CHAPTERS)
  .filter((name) => name.endsWith('.js'))
  .map((name) => name.slice(0, -3))
  .sort()

test('page: every chapter of the written tutorial has a step', (t) => {
  const written = readdirSync(join(CHAPTERS, '../..'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && /^\d\d-/.test(entry.name))
    .map(({ name }) => name)
  t.alike(files, written.sort())
  t.alike(Object.keys(PRINTED), files)
})

for (const name of files) {
  test(`page: the step of chapter ${name} does what its text says`, { timeout: 120_000 }, async (t) => {
    const page = new PageDriver()
    t.teardown(() => page.model.destroy())
    await page.act('run', readFileSync(join(CHAPTERS, `${name}.js`), 'utf8'))
    t.alike(
      page.console.filter(({ kind }) => kind === 'error'),
      [],
    )
    let from = 0
    for (const pattern of PRINTED[name]!) {
      const index = page.printed.findIndex((line, i) => i >= from && pattern.test(line))
      if (index === -1) t.fail(`${pattern.source} is not in ${JSON.stringify(page.printed)}`)
      from = index + 1
    }
    t.pass()
  })
}
