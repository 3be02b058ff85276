/** A number of shots at two live nodes, one with tight limits and one without any. */
import { unaccountedOf } from './accounts.js'
import { DatagramSource, type Kind, KINDS } from './datagrams.js'
import { LiveNode } from './live-node.js'
import { type CampaignOptions, type Measured, Meter, SHOT_STREAM } from './meter.js'
import { SeededRandom } from '../../lib/simulation/seeded-random.js'
import { decodeRequest } from '../../lib/wire/request.js'
import { decodeResponse } from '../../lib/wire/response.js'

export interface DatagramCampaignOptions extends CampaignOptions {
  corpus: readonly Uint8Array[]
}

export interface CampaignResult extends Measured {
  fired: Record<Kind, number>
  received: number
  requests: number
  responses: number
  dropped: Record<string, number>
  /** Datagrams that the books do not explain, of all nodes of both networks. */
  unaccounted: number
  /** Calls of the application that did not settle. */
  pending: number
  /**
   * Virtual minutes after which both nodes answer a ping and look up whom there is; Infinity: not within half an hour. Some
   * shots are answers in the name of whom a node has asked, as only who reads its datagrams can send them, so that its
   * table ends full of contacts that are not there; it has to get rid of them by itself.
   */
  wellAfterMinutes: number
}

/** What is thrown comes out, with the datagram in `cause`. */
export async function runCampaign(options: DatagramCampaignOptions): Promise<CampaignResult> {
  const { count, seed, corpus } = options
  const targets = [
    await LiveNode.start(seed, { inboundLimits: { requestsPerSecond: 50 } }),
    await LiveNode.start(seed + 1, { inboundLimits: false }),
  ]
  const source = new DatagramSource(new SeededRandom(seed, SHOT_STREAM), corpus)
  const fired: Record<Kind, number> = { random: 0, mutated: 0, grammar: 0 }
  const meter = new Meter(options)
  try {
    for (let i = 0; i < count; i++) {
      const kind = KINDS[i % KINDS.length]!
      const target = targets[(i >> 2) % targets.length]!
      const shot = source.next(kind, target.to, target.waiting)
      fired[kind]++
      meter.fire({
        bytes: shot.bytes,
        from: `${shot.host}:${shot.port}`,
        decode: () => {
          decodeRequest(shot.bytes)
          decodeResponse(shot.bytes)
        },
        fire: () => target.fire(shot),
      })
      if (target.isOutOfBreath) await target.breathe()
    }
    for (const target of targets) await target.settle()
    const measured = meter.result()
    let wellAfterMinutes = 0
    for (const target of targets) wellAfterMinutes = Math.max(wellAfterMinutes, await target.minutesUntilWell())
    const nodes = targets.flatMap(({ sim }) => sim.nodes)
    const books = targets.map(({ node }) => node.stats.datagrams)
    const sum = (of: (one: (typeof books)[number]) => number): number => books.reduce((all, one) => all + of(one), 0)
    const reasons = Object.keys(books[0]!.dropped) as (keyof (typeof books)[number]['dropped'])[]
    return {
      fired,
      received: sum(({ received }) => received),
      requests: sum(({ requests }) => requests),
      responses: sum(({ responses }) => responses),
      dropped: Object.fromEntries(reasons.map((reason) => [reason, sum(({ dropped }) => dropped[reason])])),
      unaccounted: nodes.reduce((all, node) => all + Math.abs(unaccountedOf(node)), 0),
      pending: targets.reduce((all, { pending }) => all + pending, 0),
      wellAfterMinutes,
      ...measured,
    }
  } finally {
    for (const target of targets) await target.destroy()
  }
}
