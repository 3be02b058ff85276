/** The tutorial page in Chromium: what a checker of accessibility says, in light and dark, and on a phone. */
import test from 'brittle'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import { holds, openSite, PATIENCE_MS, PHONE, pixelsOf, type Site } from './page-browser.js'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

let site: Site

/** What the checker of accessibility finds wrong, in words. */
async function findFaults(page: Page, part = 'body'): Promise<string[]> {
  await page.evaluate(`if (!globalThis.axe) { ${AXE} }`)
  return page.evaluate<string[]>(`axe
    .run('${part}', { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
    .then(({ violations }) => violations.map(({ id, nodes }) =>
      id + ': ' + nodes.slice(0, 3).map(({ html, any }) => html.slice(0, 120) + ' ' + (any[0]?.message ?? '')).join(' | ')))`)
}

test('page: it opens for the checker', { timeout: 2 * PATIENCE_MS }, async (t) => {
  site = await openSite()
  t.pass()
})

for (const [name, options] of [
  ['light', { colorScheme: 'light' }],
  ['dark', { colorScheme: 'dark' }],
  ['on a phone', PHONE],
] as const) {
  test(`page: no fault of accessibility is found, ${name}`, { timeout: 3 * PATIENCE_MS }, async (t) => {
    const page = await site.open(options)
    t.alike(await findFaults(page), [], 'at the start')
    if (name === 'on a phone') {
      await page.getByText('Signs', { exact: true }).tap()
      t.alike(await findFaults(page, '.picture'), [], 'the signs')
    }
    await page.evaluate("tutorialPage.act('put', 3, 'lunch', 'soup')")
    await holds(page, "tutorialPage.state.lookup?.phase === 'done'")
    // The rest is made of the same parts.
    for (const panel of name === 'light' ? ['lookup', 'node', 'numbers', 'log'] : ['lookup', 'node']) {
      await page.evaluate(`tutorialPage.select(3); tutorialPage.change({ panel: '${panel}', phoneView: 'panels' })`)
      await holds(page, 'tutorialPage.state.details !== null')
      t.alike(await findFaults(page, '.panels'), [], panel)
    }
    await page.evaluate("tutorialPage.change({ chapterView: 'code', phoneView: 'chapter', connecting: true })")
    await page.locator('.cm-editor').waitFor()
    t.alike(
      [...(await findFaults(page, '.chapter')), ...(await findFaults(page, 'header'))],
      [],
      'code, and the dialog',
    )
    await page.evaluate("tutorialPage.change({ connecting: false, phoneView: 'actions' })")
    t.alike(await findFaults(page, '.actions'), [], 'actions')
    t.ok((await pixelsOf(page, 'node')) > 300, 'drawn in its colours')
    t.ok(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), 'nothing sticks out')
    t.alike(site.complaints, [])
    await page.context().close()
  })
}

test('page: the browser and the server of the checker are closed', { timeout: PATIENCE_MS }, async (t) => {
  await site.close()
  t.pass()
})
