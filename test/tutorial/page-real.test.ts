/** The tutorial page in Chromium: its tab as a node of a real network, through a gateway on this machine. */
import test from 'brittle'
import { startLocalNetwork } from '../../tutorial/page/server/local-network.js'
import { hasNodes, holds, openSite, PATIENCE_MS } from './page-browser.js'

test('page: the tab becomes a node of a real network, and goes back', { timeout: 4 * PATIENCE_MS }, async (t) => {
  const local = await startLocalNetwork(25)
  t.teardown(() => local.close())
  const site = await openSite(local.addresses)
  t.teardown(() => site.close(), { order: -1 })
  const page = await site.open()

  await page.getByRole('radio', { name: 'Real' }).check()
  const form = page.getByRole('form', { name: 'Join a real network' })
  t.is(await form.getByRole('textbox', { name: 'Gateway' }).inputValue(), local.addresses.gateway)
  await form.getByRole('button', { name: 'Join' }).click()
  await page.locator('.connection.connected').waitFor()
  await holds(page, "tutorialPage.state.kind === 'real' && tutorialPage.state.nodes.size > 10")
  await page.getByRole('heading', { name: /^This tab/ }).waitFor()
  await page.getByText('Routing table, by shared bits').waitFor()

  await page.getByRole('button', { name: 'Write to the 20 closest' }).click()
  await holds(
    page,
    "tutorialPage.state.lookup?.title === 'this tab writes a value' && tutorialPage.state.lookup.phase === 'done'",
  )
  t.is(
    await page.evaluate("tutorialPage.state.lookup.closest.filter(({ commit }) => commit === 'accepted').length"),
    20,
  )
  await page.getByRole('button', { name: 'Read' }).click()
  await holds(page, "tutorialPage.state.lookup.value === 'tomato soup'")
  t.ok(await page.evaluate('tutorialPage.stage.painter.drawn.edges > 0 && tutorialPage.stage.painter.drawn.target'))

  await page.getByRole('radio', { name: 'Simulated' }).check()
  await holds(page, "tutorialPage.state.kind === 'simulated'")
  await hasNodes(page, 60)
  t.alike(site.complaints, [])
})

test('page: a gateway that is not there is told', { timeout: 3 * PATIENCE_MS }, async (t) => {
  const site = await openSite()
  t.teardown(() => site.close())
  const page = await site.open()
  await page.evaluate("tutorialPage.act('connect', { gateway: 'nonsense', bootstrap: '' })")
  await page.getByRole('tab', { name: 'Log' }).click()
  await page.locator('.log .error').first().waitFor()
  t.ok(await page.evaluate("tutorialPage.state.kind === 'simulated'"), 'the simulated network is still there')
  t.alike(site.complaints, [])
})
