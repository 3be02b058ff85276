/** The tutorial page in Chromium: its clock, its chapters, and the visitor's code. */
import test from 'brittle'
import { hasNodes, holds, openSite, PATIENCE_MS, type Site } from './page-browser.js'

let site: Site

test('page: it opens for its chapters', { timeout: 2 * PATIENCE_MS }, async (t) => {
  site = await openSite()
  t.pass()
})

test('page: the clock stands still, and goes on step by step', { timeout: 2 * PATIENCE_MS }, async (t) => {
  const page = await site.open()
  await page.getByRole('button', { name: 'Pause' }).click()
  await holds(page, 'tutorialPage.state.clock.paused')
  const now = 'tutorialPage.state.clock.nowMs'
  const before = await page.evaluate<number>(now)
  await page.getByRole('button', { name: 'Look up' }).click()
  await holds(page, 'tutorialPage.state.lookup?.waiting.length > 0')
  t.is(await page.evaluate(now), before)
  await page.getByRole('button', { name: 'Step' }).click()
  await holds(page, `${now} > ${before}`)
  t.absent(await page.evaluate("tutorialPage.state.lookup.phase === 'done'"))
  await page.getByRole('button', { name: 'Go on' }).click()
  await holds(page, "tutorialPage.state.lookup?.phase === 'done'")
  t.alike(site.complaints, [])
  await page.context().close()
})

test('page: a chapter is done, its code changed and run, and stopped', { timeout: 3 * PATIENCE_MS }, async (t) => {
  const page = await site.open({ hash: '#chapter-8' })
  await page.getByRole('heading', { name: '8. A command of your own' }).waitFor()
  t.ok(await page.getByText('Always answer.').isVisible(), 'the text of the written tutorial')
  const output = page.getByRole('log', { name: 'Output of the code' })
  await page.getByRole('button', { name: 'Do it' }).click()
  await output.getByText('what it does not know: error 1, value null').waitFor()
  await output.getByText('a text: error 0, value !neve ro ddo reven').waitFor()

  await page.getByRole('tab', { name: 'Code' }).click()
  const editor = page.getByRole('textbox', { name: /Code of the chapter/ })
  await editor.fill('console.log(nodes().length)\nnothing()')
  await page.getByRole('button', { name: 'Run' }).click()
  await output.getByText('ReferenceError: nothing is not defined (line 2)').waitFor()
  t.is(await output.locator('div').first().innerText(), '2', 'the network of the step is still there')

  // One that waits is told to stop; one that never comes back costs the network, and the page goes on.
  await editor.fill('console.log("waits"); await sleep(1e9)')
  await page.getByRole('button', { name: 'Run' }).click()
  await output.getByText('waits').waitFor()
  await page.getByRole('button', { name: 'Stop' }).click()
  await output.getByText('the code was stopped').waitFor()
  await editor.fill('await sleep(100); for (;;) {}')
  await page.getByRole('button', { name: 'Run' }).click()
  await output.getByText('the network starts over').waitFor()
  await holds(page, '!tutorialPage.state.running')
  await hasNodes(page, 2)

  await page.getByRole('button', { name: 'Undo all changes' }).click()
  t.ok((await editor.innerText()).includes('const REVERSE = 0'))
  await page.getByRole('button', { name: 'Next chapter' }).click()
  await page.getByRole('heading', { name: '9. A query' }).waitFor()
  await holds(page, "location.hash === '#chapter-9'")
  t.absent(await output.isVisible(), 'what another chapter printed is not shown here')
  await page.getByRole('tab', { name: 'Text' }).click()
  await page.evaluate("document.querySelector('.chapter').scrollTo(0, 300)")
  await page.getByRole('button', { name: 'Previous chapter' }).click()
  await output.getByText('the network starts over').waitFor()
  t.is(await page.evaluate("document.querySelector('.chapter').scrollTop"), 0, 'a chapter begins at its beginning')
  const isCut = "[...document.querySelectorAll('.prose pre')].some((pre) => pre.scrollWidth > pre.clientWidth)"
  t.absent(await page.evaluate(isCut), 'code is wrapped, not cut off')
  t.alike(site.complaints, [])
  await page.context().close()
})

test('page: the browser and the server of the chapters are closed', { timeout: PATIENCE_MS }, async (t) => {
  await site.close()
  t.pass()
})
