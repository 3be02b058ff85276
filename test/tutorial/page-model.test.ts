/** The tutorial page: what is behind it, without a page. */
import test from 'brittle'
import { Pace } from '../../tutorial/page/model/pace.js'
import { Sampler } from '../../tutorial/page/model/samples.js'
import { PageDriver } from './page-driver.js'

test('page: pause, speed and hurry decide how much virtual time passes', async (t) => {
  const pace = new Pace()
  t.is(pace.take(1000), 0, 'nothing before the first round')
  t.is(pace.take(1016), 16)
  pace.speed = 0.1
  t.is(Math.round(pace.take(1032) * 10), 16)
  t.is(pace.take(9000), 10, 'a tab that was hidden does not rush')
  let end!: () => void
  const hurried = pace.hurry(new Promise<void>((resolve) => (end = resolve)))
  t.ok(pace.hurrying && pace.take(9016) > 1000, 'time flies')
  pace.paused = true
  t.is(pace.take(9032), 0)
  end()
  await hurried
  t.absent(pace.hurrying)
  for (const speed of [0, -1, NaN, 1e6]) await t.exception.all(() => (pace.speed = speed), /speed must be/)
})

test('page: the charts get a point for each second', (t) => {
  const sampler = new Sampler(0, { sent: 0, lost: 0, nodes: 0, persistent: 0 })
  t.absent(sampler.isDue(999))
  t.ok(sampler.isDue(2000))
  sampler.add(2000, { sent: 100, lost: 10, nodes: 5, persistent: 4 })
  t.alike(sampler.take(), [{ at: 2, sent: 50, lost: 5, nodes: 5, persistent: 4 }])
  t.alike(sampler.take(), [])
})

test('page: nodes are added, killed, brought back and put behind a firewall', async (t) => {
  const page = new PageDriver()
  t.teardown(() => page.model.destroy())
  await page.act('startOver', 12)
  t.is(page.nodes.size, 12)
  t.is([...page.nodes.values()].filter(({ persistent }) => persistent).length, 12, 'all of them persistent')
  t.is(page.nodes.get(1)!.role, 'bootstrapper')

  await page.act('add', 3, 'open')
  t.is(page.nodes.size, 15)
  await page.act('kill', 5)
  t.absent(page.nodes.get(5)!.up)
  await page.act('revive', 5)
  t.ok(page.nodes.get(5)!.up)
  await page.act('setNat', 6, 'firewalled')
  t.is(page.nodes.get(6)!.nat, 'firewalled')
  await page.act('killSome', 4)
  t.is([...page.nodes.values()].filter(({ up }) => !up).length, 4)
  await page.act('kill', 999)
  t.is(page.log.at(-1), 'node 999 is gone')

  await page.act('startOver', 0)
  t.is(page.nodes.size, 0, 'another network')
})

test('page: there is room for so many nodes, and the visitor is told', async (t) => {
  const page = new PageDriver()
  t.teardown(() => page.model.destroy())
  await page.act('add', 1001, 'open')
  t.is(page.log.at(-1), 'this page has room for 1000 nodes')
})

test('page: a lookup is told hop by hop, a write with its tokens and holders, a read with the value', async (t) => {
  const page = new PageDriver()
  t.teardown(() => page.model.destroy())
  await page.act('startOver', 40)
  const phases = new Set<string>()
  const acted = page.act('put', 7, 'lunch', 'tomato soup')
  const statuses = new Set<string>()
  await page.until(() => {
    if (page.lookup !== null) phases.add(page.lookup.phase)
    for (const { status } of page.lookup?.waiting ?? []) statuses.add(status)
    return page.lookup?.phase === 'done'
  })
  await acted
  t.alike([...phases], ['walking', 'committing', 'done'], 'in this order')
  t.ok(statuses.has('asked'))
  const { closest, target, title, asked, answered } = page.lookup!
  t.is(title, 'node 7 writes a value')
  t.is(closest.length, 20)
  t.ok(asked >= 20 && answered >= 20)
  t.ok(closest.every(({ token, commit }) => token !== null && commit === 'accepted'))
  t.ok(new Set(closest.map(({ token }) => token)).size > 15, 'each its own token')
  const holders = [...page.nodes.values()].filter(({ holds }) => holds).map(({ id }) => id)
  t.alike(holders.sort(), closest.map(({ id }) => id).sort(), 'the closest hold it')
  t.is(page.model.network.holders(target).length, 20)

  await page.act('get', 9, 'lunch')
  t.is(page.lookup!.value, 'tomato soup')
  await page.act('get', 9, 'dinner')
  t.is(page.lookup!.value, null)
  await page.act('lookup', null, 'lunch')
  t.alike(
    page.lookup!.closest.slice(0, 5).map(({ id }) => id),
    closest.slice(0, 5).map(({ id }) => id),
  )
})

test('page: a node turns persistent while it is watched; behind a firewall it does not', async (t) => {
  const page = new PageDriver()
  t.teardown(() => page.model.destroy())
  await page.act('startOver', 10)
  await page.act('watchNode', 'open')
  await page.act('watchNode', 'firewalled')
  await page.act('select', 11)
  await page.until(() => page.details?.key === 11)
  t.absent(page.nodes.get(11)!.persistent)
  const provisional = page.nodes.get(11)!.id
  await page.act('speed', 30)
  await page.until(() => page.nodes.get(11)!.persistent)
  t.ok(page.nodes.get(11)!.id !== provisional, 'its id is the hash of its address now')
  await page.until(() => page.details?.ephemeralReason === null)
  await page.act('select', 12)
  await page.until(() => page.frame.clock.nowMs > 90_000)
  t.absent(page.nodes.get(12)!.persistent)
  t.is(page.details!.ephemeralReason, 'unreachable')
  t.is(page.details!.buckets.flatMap(({ contacts }) => contacts).length, page.details!.tableSize)
})

test('page: nothing passes between the halves of a cut network, and loss loses', async (t) => {
  const page = new PageDriver()
  t.teardown(() => page.model.destroy())
  await page.act('startOver', 20)
  await page.act('cut')
  const sides = [...page.nodes.values()].map(({ side }) => side)
  t.alike([sides.filter((side) => side === 1).length, sides.length], [10, 20])
  await page.act('lookup', 3, 'lunch')
  const { side } = page.nodes.get(3)!
  const reached = page.lookup!.closest.map(({ id }) => [...page.nodes.values()].find((node) => node.id === id)!.side)
  t.ok(reached.length > 0 && reached.every((other) => other === side))
  await page.act('heal')
  t.ok([...page.nodes.values()].every((node) => node.side === 0))
  await page.act('loss', 0.5)
  t.is(page.frame.loss, 0.5)
  await page.act('lookup', 3, 'dinner')
  t.ok(page.model.network.numbers().lost.find(({ reason }) => reason === 'loss')!.count > 0)
})

test('page: datagrams are drawn when they are wanted, and one step shows one change', async (t) => {
  const page = new PageDriver()
  t.teardown(() => page.model.destroy())
  await page.act('startOver', 10)
  await page.act('flights', true)
  await page.act('pause', true)
  const before = page.frame.clock.nowMs
  await page.round()
  t.is(page.frame.clock.nowMs, before, 'time stands still')
  const asked = page.model.act({ name: 'lookup', args: [3, 'lunch'] })
  let flights = 0
  let last = -1
  for (let i = 0; page.lookup?.phase !== 'done' && i < 500; i++) {
    await page.model.act({ name: 'step', args: [] })
    await page.round()
    flights += page.frame.flights.length
    if (page.frame.flights.length > 0) last = Math.max(last, page.frame.flights[0]!.tookMs)
  }
  await asked
  t.is(page.lookup!.phase, 'done', 'step by step')
  t.ok(flights >= 18 && last > 0, 'questions and answers')
  t.ok(page.frame.clock.nowMs > before)
})

test('page: who holds a record is told as it is written, as nodes join, as holders die, and when it is deleted', async (t) => {
  const page = new PageDriver()
  t.teardown(() => page.model.destroy())
  await page.act('startOver', 40)
  t.is(page.record, null, 'nobody keeps any')
  await page.act('putRecord', 7, 'lunch', 'tomato soup')
  await page.until(() => page.record !== null && page.record.closest.every(({ seq }) => seq === 1))
  t.alike([page.record!.name, page.record!.seq, page.record!.closest.length], ['lunch', 1, 20])
  const holders = [...page.nodes.values()].filter(({ holds }) => holds).map(({ key }) => key)
  const keys = (): number[] => page.record!.closest.map(({ key }) => key)
  t.alike(new Set(holders), new Set(keys()), 'the squares in the picture')

  const first = new Set(keys())
  await page.act('add', 30, 'open')
  await page.act('speed', 30)
  await page.until(() => keys().some((key) => !first.has(key)))
  await page.until(() => page.record!.closest.every(({ seq }) => seq === 1))
  t.ok(page.record!.others.length > 0, 'those that are not among the closest any more still have it')
  t.ok(page.record!.history.some(({ text }) => /^node \d+ has got it$/.test(text)))

  const nearest = keys().slice(0, 5)
  await page.act('killHolders', 5)
  await page.until(() => page.record!.history.some(({ text }) => text === `node ${nearest[0]}, which held it, is gone`))
  t.absent(keys().some((key) => nearest.includes(key)))

  await page.act('putRecord', null, 'lunch', 'pea soup')
  await page.until(() => page.record!.seq === 2)
  await page.act('deleteRecord', null, 'lunch')
  await page.until(() => page.record!.isDeleted)
  t.is(page.record!.seq, 3)

  await page.act('lookup', null, 'dinner')
  t.absent(
    [...page.nodes.values()].some(({ holds }) => holds),
    'the picture shows what was asked last',
  )
  await page.act('startOver', 10)
  t.is(page.record, null)
})
