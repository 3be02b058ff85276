/** The tutorial page in Chromium: what it shows, and what can be done in it. */
import test from 'brittle'
import { hasNodes, holds, openSite, PATIENCE_MS, pixelsOf, type Site } from './page-browser.js'

/** All tests of the file share one build and one browser. */
let site: Site

test('page: it is built, and starts in a folder of any web server', { timeout: 2 * PATIENCE_MS }, async (t) => {
  site = await openSite()
  const page = await site.open()
  t.is(await page.title(), 'A DHT from one node up · xorpc')
  t.alike(site.complaints, [])
  await page.context().close()
})

test('page: nodes, lines and labels are drawn', { timeout: 2 * PATIENCE_MS }, async (t) => {
  const page = await site.open()
  t.ok((await pixelsOf(page, 'node')) > 1000, 'dots of persistent nodes')
  t.is(await pixelsOf(page, 'target'), 0, 'no lookup yet')
  t.alike(await page.evaluate('tutorialPage.stage.painter.drawn.labels'), ['0000…', '4000…', '8000…', 'c000…'])

  await page.getByRole('button', { name: 'Look up' }).click()
  await holds(page, "tutorialPage.state.lookup?.phase === 'done' && tutorialPage.stage.painter.drawn.edges >= 20")
  t.ok((await pixelsOf(page, 'target')) > 30, 'the star')
  t.ok(await page.evaluate("tutorialPage.stage.painter.drawn.labels.includes('asks')"))
  const table = page.getByRole('table', { name: 'The closest nodes that answered' })
  t.is(await table.getByRole('row').count(), 21, 'a head and twenty nodes')

  await page.getByRole('button', { name: 'Write to the 20 closest' }).click()
  await holds(page, '[...tutorialPage.state.nodes.values()].filter(({ holds }) => holds).length === 20')
  await table.getByText('✓ took it').nth(19).waitFor()
  const tokens = await table.locator('td:nth-child(5)').allInnerTexts()
  t.ok(tokens.every((token) => /^[0-9a-f]{6}$/.test(token)) && new Set(tokens).size > 15, 'tokens')
  t.ok((await pixelsOf(page, 'holder')) > 1000, 'green squares')

  await page.evaluate('tutorialPage.select(1)')
  await holds(page, 'tutorialPage.stage.painter.drawn.buckets >= 4')
  const { x, y } = await page.evaluate<{ x: number; y: number }>(`(() => {
    const { left, top } = document.querySelector('.stage').getBoundingClientRect()
    const at = tutorialPage.stage.painter.pointOf(2)
    return { x: left + at.x, y: top + at.y }
  })()`)
  await page.mouse.move(x, y)
  const tip = await page.locator('.tip').innerText()
  t.ok(/^node 2, persistent\s+id [0-9a-f]{8}…/.test(tip), 'the id of the node that is pointed at')
  t.ok(/to node 1: \d+ bits? shared, distance/.test(tip), 'and its distance')
  await page.getByText('Routing table, by shared bits').waitFor()
  t.ok((await pixelsOf(page, 'bucket-a')) > 500, 'bands of buckets')
  await page.getByRole('tab', { name: 'Numbers' }).click()
  await page.locator('.chart canvas').nth(1).waitFor()
  t.is(await page.locator('.chart canvas').count(), 2, 'charts')
  t.alike(site.complaints, [])
  await page.context().close()
})

test('page: the network is changed, and the picture with it', { timeout: 2 * PATIENCE_MS }, async (t) => {
  const page = await site.open()
  const press = (name: string | RegExp) => page.getByRole('button', { name }).click()
  await press('+10 nodes')
  await hasNodes(page, 70)
  await press('Kill 7')
  await holds(page, '[...tutorialPage.state.nodes.values()].filter(({ up }) => !up).length === 7')
  t.ok((await pixelsOf(page, 'dead')) > 30, 'crosses')
  await press(/^Firewall/)
  await holds(page, "[...tutorialPage.state.nodes.values()].some(({ nat }) => nat === 'firewalled')")
  t.ok((await pixelsOf(page, 'firewalled')) > 30, 'rings')
  await press('Cut in two')
  await holds(page, 'tutorialPage.state.cut')
  t.ok((await pixelsOf(page, 'side')) > 300, 'another colour')
  await press('Put together again')
  await holds(page, '!tutorialPage.state.cut')
  await page.getByRole('slider').fill('30')
  await holds(page, 'tutorialPage.state.loss === 0.3')
  await page.getByRole('tab', { name: 'Log' }).click()
  await page.getByText('30 % of the datagrams are lost').first().waitFor()

  await press('Watch one turn persistent')
  await page.getByText('On its way to be persistent').waitFor()
  await holds(page, 'tutorialPage.state.details?.ephemeralReason !== undefined')
  await page.getByRole('radio', { name: '30×' }).check()
  await page.getByText(/^Node 71/).waitFor()
  await holds(page, 'tutorialPage.state.nodes.get(71)?.persistent === true')
  t.alike(site.complaints, [])
  await page.context().close()
})

test('page: the panel of a record shows who holds it as nodes come and go', { timeout: 2 * PATIENCE_MS }, async (t) => {
  const page = await site.open()
  const press = (name: string | RegExp) => page.getByRole('button', { name }).click()
  await page.getByRole('tab', { name: 'Record' }).click()
  await page.getByText('No record yet').waitFor()
  await press('Write version 1')
  const table = page.getByRole('table', { name: 'The nodes closest to the record' })
  await table.getByText('✓ 1').nth(19).waitFor()
  t.is(await table.getByRole('row').count(), 21, 'a head and twenty nodes')
  t.ok((await pixelsOf(page, 'holder')) > 1000, 'green squares')
  await press('Kill its 5 nearest holders')
  await page.getByText('which held it, is gone').nth(4).waitFor()
  await press('10 more nodes join')
  await hasNodes(page, 70)
  await press('Write version 2')
  await table.getByText('✓ 2').nth(14).waitFor()
  await press('Delete it')
  await page.getByText('3, deleted').first().waitFor()
  t.alike(site.complaints, [])
  await page.context().close()
})

test('page: the browser and the server are closed', { timeout: PATIENCE_MS }, async (t) => {
  await site.close()
  t.pass()
})
