/** The tutorial page in Chromium: for whoever uses a keyboard, a screen reader, a phone, or wants it dark. */
import test from 'brittle'
import { holds, openSite, PATIENCE_MS, PHONE, type Site } from './page-browser.js'

let site: Site

test('page: it opens for all the following', { timeout: 2 * PATIENCE_MS }, async (t) => {
  site = await openSite()
  t.pass()
})

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
  await page.getByText('Routing table, by shared bits').waitFor()
  const signs = page.getByRole('list', { name: 'Signs in the picture' })
  t.absent(await signs.isVisible())
  await page.getByText('Signs', { exact: true }).tap()
  t.is(await signs.getByRole('listitem').count(), 8, 'what the signs mean')
  await page.getByText('Signs', { exact: true }).tap()
  await page.getByRole('button', { name: 'Chapter', exact: true }).tap()
  await page.evaluate('tutorialPage.change({ chapter: 6 })')
  // Whatever is scrolled to for a finger or the keyboard is neither under the picture nor under the buttons.
  for (const name of ['Code', 'Text']) {
    await page.getByRole('tab', { name }).focus()
    await page.getByRole('tab', { name }).tap({ timeout: 10_000 })
  }
  await page.context().close()
})

for (const [width, height] of [
  [1280, 720],
  [1366, 650],
  [1920, 1080],
  [820, 1180],
  [390, 844],
] as const) {
  test(`page: all of the picture is in a window of ${width} x ${height}`, { timeout: 2 * PATIENCE_MS }, async (t) => {
    const page = await site.open({ viewport: { width, height } })
    const boxOf = async (selector: string) => (await page.locator(selector).boundingBox())!
    const stage = await boxOf('.stage')
    const picture = await boxOf('.picture')
    const clock = await boxOf('.clock')
    t.ok(stage.y >= clock.y + clock.height - 1, 'below the clock')
    t.ok(stage.y + stage.height <= Math.min(height, picture.y + picture.height), 'not cut off')
    t.ok(Math.min(stage.width, stage.height) >= 240, `${stage.width} x ${stage.height}`)
    for (const last of ['.clock .time', '.clock .choice', '#panel-tab-log']) {
      const box = await page.locator(last).boundingBox()
      t.ok(box === null || box.x + box.width <= width, `${last} is in the window`)
    }
    const wide = 'document.documentElement.scrollWidth > document.documentElement.clientWidth'
    t.is(await page.evaluate(wide), false, 'nothing to scroll to the side')
    await page.context().close()
  })
}

test('page: the browser and the server of these tests are closed', { timeout: PATIENCE_MS }, async (t) => {
  await site.close()
  t.pass()
})
