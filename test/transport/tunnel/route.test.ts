import test from 'brittle'
import fc from 'fast-check'
import { SeededRandom } from '../../../lib/simulation/seeded-random.js'
import { Route } from '../../../lib/transport/tunnel/route.js'
import { holds } from '../../helpers/properties.js'

function create(count: number, seed = 1): Route {
  return new Route({ count, random: new SeededRandom(seed, 0), minDelayMs: 500, maxDelayMs: 30_000 })
}

test('route: the waits double up to the longest, half of each at random', (t) => {
  const route = create(1)
  const full = [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]
  for (const most of full) {
    const { index, delayMs } = route.onFailure(0, false)
    t.is(index, 0)
    t.ok(delayMs >= most / 2 && delayMs <= most, `${delayMs} of ${most}`)
  }
})

test('route: with several gateways each has its turn before the waits grow', (t) => {
  const route = create(3)
  const attempts = Array.from({ length: 6 }, () => route.onFailure(0, false))
  t.alike(
    attempts.map(({ index }) => index),
    [1, 2, 0, 1, 2, 0],
  )
  for (const { delayMs } of attempts.slice(0, 3)) t.ok(delayMs <= 500)
  for (const { delayMs } of attempts.slice(3)) t.ok(delayMs > 500 - 1 && delayMs <= 1000)
})

test('route: a lost session is sought where it is, as long as it lives, and not for ever', (t) => {
  const route = create(2)
  route.onOpen(0)
  t.is(route.onLost(20_000, 60_000).index, 0)
  t.is(route.onFailure(21_000, false).index, 0, 'once more')
  t.is(route.onFailure(22_000, false).index, 1)

  const late = create(2)
  late.onOpen(0)
  late.onLost(20_000, 1000)
  t.is(late.onFailure(25_000, false).index, 1, 'there is nothing to resume any more')
})

test('route: connections that are lost at once are waited for like failures', (t) => {
  const route = create(1)
  let most = 0
  for (let i = 0; i < 8; i++) {
    route.onOpen(i * 100)
    most = Math.max(most, route.onLost(i * 100 + 1, 60_000).delayMs)
  }
  t.ok(most > 10_000)
  route.onOpen(1000)
  t.ok(route.onLost(60_000, 60_000).delayMs <= 500, 'one that was good for a while is sought at once')
})

test('route: a gateway that closes is left for the next, within its time', (t) => {
  const route = create(2)
  route.onOpen(0)
  const { index, delayMs } = route.onGoAway(4000)
  t.is(index, 1)
  t.ok(delayMs <= 2000)
  const alone = create(1)
  alone.onOpen(0)
  t.ok(alone.onGoAway(4000).delayMs >= 250, 'alone it is waited for')
})

test('route: refused by all is refused, until one opens', (t) => {
  const route = create(2)
  route.onFailure(0, true)
  t.absent(route.isRefusedByAll)
  t.is(route.onFailure(0, false).index, 0, 'the other could not be reached')
  t.absent(route.isRefusedByAll)
  route.onFailure(0, false)
  route.onFailure(0, true)
  t.ok(route.isRefusedByAll)
  route.onOpen(0)
  t.absent(route.isRefusedByAll)
})

test('route: whatever happens, the next attempt is at a gateway that is there, after a bounded wait', (t) => {
  const event = fc.oneof(
    fc.constant('open' as const),
    fc.constant('lost' as const),
    fc.constant('fail' as const),
    fc.constant('refuse' as const),
    fc.constant('away' as const),
  )
  holds(
    t,
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(event, { maxLength: 60 }), (count, events) => {
      const route = create(count)
      let now = 0
      for (const name of events) {
        now += 1000
        if (name === 'open') {
          route.onOpen(now)
          continue
        }
        const attempt =
          name === 'lost'
            ? route.onLost(now, 60_000)
            : name === 'away'
              ? route.onGoAway(4000)
              : route.onFailure(now, name === 'refuse')
        if (attempt.index !== route.index || attempt.index >= count) return false
        if (!(attempt.delayMs >= 0 && attempt.delayMs <= 30_000)) return false
      }
      return true
    }),
  )
})
