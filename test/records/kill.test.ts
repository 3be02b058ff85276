/** A process that is killed while it writes and dumps leaves everything that it has acknowledged. */
import test from 'brittle'
import { killAgainAndAgain } from '../../bench/records/kill.js'

const ROUNDS = 8

test(`records: ${ROUNDS} times killed while writing and dumping, nothing acknowledged is lost`, async (t) => {
  let acknowledged = 0
  for await (const round of killAgainAndAgain(ROUNDS, 1)) {
    t.alike(round.faults, [])
    acknowledged += round.acknowledged
  }
  t.comment(`${acknowledged} writes acknowledged`)
})
