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

  await page.getByRole('tab', { name: 'Code' }).click()
  t.ok(await page.getByRole('button', { name: 'Run' }).isDisabled(), 'code is for the simulated network')

  await local.close()
  await page.locator('.connection.failed').filter({ hasText: 'the gateway is lost' }).waitFor()
  await page.getByRole('radio', { name: 'Simulated' }).check()
  await holds(page, "tutorialPage.state.kind === 'simulated'")
  await hasNodes(page, 60)
  t.alike(site.complaints, [])
})

test('page: a gateway that is not there is told', { timeout: 3 * PATIENCE_MS }, async (t) => {
  const site = await openSite()
  t.teardown(() => site.close())
  const page = await site.open()
  const join = async (gateway: string): Promise<void> => {
    await page.getByRole('radio', { name: 'Real' }).check()
    const form = page.getByRole('form', { name: 'Join a real network' })
    await form.getByRole('textbox', { name: 'Gateway' }).fill(gateway)
    await form.getByRole('textbox', { name: 'Gateway' }).press('Enter')
  }
  await join('nonsense')
  const state = page.locator('.connection')
  await state.filter({ hasText: 'gateway must be a ws:// or wss:// URL' }).waitFor()
  t.is(await page.evaluate('document.activeElement.name'), 'network', 'the keyboard is back at the switch')
  await page.getByRole('tab', { name: 'Log' }).click()
  await page.locator('.log .error').first().waitFor()
  t.ok(await page.evaluate("tutorialPage.state.kind === 'simulated'"), 'the simulated network is still there')
  await hasNodes(page, 60)

  // A port that browsers never connect to.
  await join('ws://127.0.0.1:1/')
  await state.filter({ hasText: 'no connection to ws://127.0.0.1:1/' }).waitFor()
  await page.getByRole('radio', { name: 'Simulated' }).check()
  await hasNodes(page, 60)
  await state.waitFor({ state: 'detached' })
  site.complaints.splice(0, Infinity, ...site.complaints.filter((text) => !text.includes('ws://127.0.0.1:1/')))
  t.alike(site.complaints, [])
})
