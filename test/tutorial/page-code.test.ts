/** The tutorial page: the code in its editor. */
import test from 'brittle'
import { API_HELP } from '../../tutorial/page/code/code-help.js'
import { createCodeApi } from '../../tutorial/page/code/code-api.js'
import { CodeRunner } from '../../tutorial/page/code/code-runner.js'
import { print } from '../../tutorial/page/code/print.js'
import { PageDriver } from './page-driver.js'

async function run(page: PageDriver, code: string): Promise<string[]> {
  page.console.length = 0
  await page.act('run', code)
  return page.printed
}

test('page: code that is wrong is told with its line, and the page goes on', async (t) => {
  const page = new PageDriver()
  t.teardown(() => page.model.destroy())
  t.alike(await run(page, 'console.log(1)\nfoo()'), ['1', 'ReferenceError: foo is not defined (line 2)'])
  t.alike(await run(page, 'throw 7'), ['thrown: 7'])
  t.ok((await run(page, 'const const'))[0]!.startsWith('SyntaxError: '))
  t.alike(await run(page, 'await startNode({ port: -1 })'), [
    'RangeError: port must be an integer from 0 to 65535 or a range [from, to), got -1 (line 1)',
  ])
  t.alike(await run(page, 'await startNetwork(5000)'), ['RangeError: this page has room for 1000 nodes (line 1)'])
  t.alike(await run(page, 'select({})'), ['TypeError: this is no node of the present network (line 1)'])
  t.alike(await run(page, 'console.log("fine")'), ['fine'])
})

test('page: code is stopped, whatever it waits for', async (t) => {
  const page = new PageDriver()
  t.teardown(() => page.model.destroy())
  for (const code of [
    'for (;;) await sleep(10)',
    'await once(await startNode(), "close")',
    'await hurry(sleep(1e12))',
  ]) {
    page.console.length = 0
    const acted = page.model.act({ name: 'run', args: [code] })
    for (let i = 0; i < 20; i++) await page.round()
    t.ok(page.frame.running, code)
    await page.model.act({ name: 'stop', args: [] })
    await acted
    page.take()
    t.absent(page.frame.running)
    t.alike(page.printed, ['the code was stopped'])
  }
})

test('page: a run that follows stops the one before, which can do nothing any more', async (t) => {
  const runner = new CodeRunner()
  const done: string[] = []
  const first = runner.run('await wait(); touch("late")', {
    wait: () => new Promise((resolve) => setImmediate(resolve)),
    touch: (what: string) => done.push(what),
  })
  t.ok(await runner.run('touch("second")', { touch: (what: string) => done.push(what) }))
  t.absent(await first)
  await new Promise((resolve) => setImmediate(resolve))
  t.alike(done, ['second'])
})

test('page: what code prints is limited', async (t) => {
  const runner = new CodeRunner()
  await runner.run('for (let i = 0; i < 10_000; i++) console.log("x".repeat(5000))', {})
  const lines = runner.take()
  t.is(lines.length, 501)
  t.is(lines.at(-1)!.text, '… 9500 more lines are not shown')
  t.is(lines[0]!.text.length, 2001)
  t.alike(runner.take(), [])
})

test('page: values are printed for people', (t) => {
  t.is(
    print(['a', 1, null, undefined, true, 5n, [1, 'b'], { x: { y: [] } }]),
    'a 1 null undefined true 5n [1, "b"] { x: { y: [] } }',
  )
  t.is(print([new Uint8Array([1, 255, 3])]), '‹3 bytes 01ff03…›')
  t.is(print([new Map([['k', 1]]), new Set([2]), new RangeError('no')]), 'Map {["k", 1]} Set {2} RangeError: no')
  const circle: unknown[] = []
  circle.push(circle)
  t.is(print([circle]), '[[[…]]]')
  t.ok(print([Array.from({ length: 100 })]).endsWith('… 60 more]'))
})

test('page: all that code can use is documented, and nothing else', async (t) => {
  const page = new PageDriver()
  t.teardown(() => page.model.destroy())
  const documented = API_HELP.flatMap(([names]) => names.split(', '))
  t.alike(documented.sort(), Object.keys(createCodeApi(page.model)).sort())
})
