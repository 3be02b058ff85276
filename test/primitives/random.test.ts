import b4a from 'b4a'
import test from 'brittle'
import { createSystemRandom, systemRandom } from '../../lib/primitives/random.js'

test('random: bytes are of the size asked for, fresh and their own', (t) => {
  for (const size of [0, 1, 32, 5000]) t.is(systemRandom.bytes(size).length, size)
  const a = systemRandom.bytes(32)
  t.absent(b4a.equals(a, systemRandom.bytes(32)))
  t.absent(b4a.equals(a, b4a.alloc(32)))
})

test('random: below stays below its limit', (t) => {
  const random = createSystemRandom()
  for (const limit of [1, 2, 3, 1000, 32769, 65535, 65536]) {
    for (let i = 0; i < 3000; i++) {
      const value = random.below(limit)
      if (!Number.isInteger(value) || value < 0 || value >= limit) t.fail(`${value} below ${limit}`)
    }
  }
  t.is(random.below(1), 0)
})

test('random: below is uniform, also where the limit does not divide 65536', (t) => {
  // 48000 draws into 6 cells: 8000 each, standard deviation 82. Seven of those miss once in 10^11 runs.
  const cells = new Array<number>(6).fill(0)
  const random = createSystemRandom()
  for (let i = 0; i < 48_000; i++) cells[random.below(6)]!++
  for (const [value, count] of cells.entries()) t.ok(Math.abs(count - 8000) < 7 * 82, `${value}: ${count}`)

  // A third of 65536 is no integer multiple of 43691: without rejection the low half would come up twice as often.
  let low = 0
  for (let i = 0; i < 48_000; i++) if (random.below(43_691) < 21_845) low++
  t.ok(Math.abs(low - 24_000) < 7 * 110, `low half: ${low}`)
})
