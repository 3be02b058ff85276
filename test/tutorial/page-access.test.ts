/** The tutorial page in Chromium: for whoever uses a keyboard, a screen reader, a phone, or wants it dark. */
import test from 'brittle'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import { holds, openSite, PATIENCE_MS, pixelsOf, type Site } from './page-browser.js'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true } as const

let site: Site

/** What the checker of accessibility finds wrong, in words. */
async function findFaults(page: Page, part = 'body'): Promise<string[]> {
  await page.evaluate(`if (!globalThis.axe) { ${AXE} }`)
  return page.evaluate<string[]>(`axe
    .run('${part}', { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
    .then(({ violations }) => violations.map(({ id, nodes }) =>
      id + ': ' + nodes.slice(0, 3).map(({ html, any }) => html.slice(0, 120) + ' ' + (any[0]?.message ?? '')).join(' | ')))`)
}

test('page: it opens for all the following', { timeout: 2 * PATIENCE_MS }, async (t) => {
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
    await page.evaluate("tutorialPage.act('put', 3, 'lunch', 'soup')")
    await holds(page, "tutorialPage.state.lookup?.phase === 'done'")
    for (const panel of ['lookup', 'node', 'numbers', 'log']) {
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

test('page: nodes are reached and told with the keyboard alone', { timeout: 2 * PATIENCE_MS }, async (t) => {
  const page = await site.open()
  const stage = page.getByRole('listbox', { name: /Nodes on the circle/ })
  await stage.focus()
  await page.keyboard.press('ArrowRight')
  const option = page.locator('#stage-option')
  const first = await option.innerText()
  t.ok(/^(node|bootstrapper) \d+, persistent, id [0-9a-f]{8}…, 20\.0\.\d+\.1:\d+$/.test(first), first)
  await page.keyboard.press('PageDown')
  t.not(await option.innerText(), first)
  await page.keyboard.press('Home')
  t.is(await option.innerText(), first, 'the first on the circle')
  t.is(await stage.getAttribute('aria-activedescendant'), await option.getAttribute('id'))

  await page.keyboard.press('Enter')
  await page.getByText('Routing table, by shared bits').waitFor()
  await page.keyboard.press('ArrowRight')
  t.ok((await option.innerText()).includes('bits shared, distance'), 'distances')
  await page.keyboard.press('Escape')
  await page.getByText('Choose a node in the picture').waitFor()

  const tab = page.getByRole('tab', { name: 'Node' })
  await tab.focus()
  await page.keyboard.press('ArrowRight')
  t.is(await page.getByRole('tab', { name: 'Numbers' }).getAttribute('aria-selected'), 'true')
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowRight')
  t.is(await page.getByRole('tab', { name: 'Lookup' }).getAttribute('aria-selected'), 'true', 'around')
  await page.context().close()
})

test('page: what happens is told to screen readers', { timeout: 2 * PATIENCE_MS }, async (t) => {
  const page = await site.open()
  await page.getByRole('button', { name: 'Look up' }).click()
  const status = page.getByRole('status')
  await status.filter({ hasText: '20 closest nodes found' }).waitFor({ state: 'attached' })
  t.is(await status.getAttribute('aria-live'), 'polite')
  await page.context().close()
})

test('page: nothing runs about for those who want no motion', { timeout: 2 * PATIENCE_MS }, async (t) => {
  const page = await site.open({ reducedMotion: 'reduce' })
  await page.evaluate("tutorialPage.act('speed', 0.1)")
  await page.getByRole('button', { name: 'Look up' }).click()
  await holds(page, 'tutorialPage.stage.painter.drawn.edges > 5 && tutorialPage.state.flights.length > 0')
  t.is(await page.evaluate('tutorialPage.stage.painter.drawn.flights'), 0)
  t.absent(await page.evaluate('tutorialPage.stage.painter.moving'))
  await page.context().close()
})

test('page: light and dark are chosen, and remembered', { timeout: 2 * PATIENCE_MS }, async (t) => {
  const page = await site.open({ colorScheme: 'light' })
  const background = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor')
  const light = await background()
  const button = page.getByRole('button', { name: 'Colours' })
  await button.click()
  t.is(await background(), light, 'light')
  await button.click()
  t.not(await background(), light, 'dark')
  await page.reload()
  await holds(page, 'globalThis.tutorialPage !== undefined')
  t.not(await background(), light, 'still dark')
  await page.context().close()
})

test('page: a phone shows the picture and one thing below it', { timeout: 2 * PATIENCE_MS }, async (t) => {
  const page = await site.open(PHONE)
  const shown = async () => {
    const sections = ['.stage', '.chapter', '.actions', '.panels']
    const visible = await Promise.all(sections.map((name) => page.locator(name).isVisible()))
    return sections.filter((_, i) => visible[i])
  }
  t.alike(await shown(), ['.stage', '.chapter'])
  await page.getByRole('button', { name: 'Act' }).tap()
  t.alike(await shown(), ['.stage', '.actions'])
  await page.getByRole('button', { name: 'Look up' }).tap()
  await page.getByRole('table', { name: 'The closest nodes that answered' }).waitFor()
  t.alike(await shown(), ['.stage', '.panels'])
  const { x, y } = await page.evaluate<{ x: number; y: number }>(`(() => {
    const { left, top } = document.querySelector('.stage').getBoundingClientRect()
    const at = tutorialPage.stage.painter.pointOf(2)
    return { x: left + at.x, y: top + at.y }
  })()`)
  await page.touchscreen.tap(x, y)
  await holds(page, 'tutorialPage.state.selected !== null')
  t.ok(await page.getByText('Routing table, by shared bits').isVisible())
  await page.context().close()
})

test('page: the browser and the server of these tests are closed', { timeout: PATIENCE_MS }, async (t) => {
  await site.close()
  t.pass()
})
