/** Dead nodes that the other implementation names, and bootstrap nodes that have to be looked for. */
import test from 'brittle'
import { idFromAddress } from '../../lib/primitives/id.js'
import {
  addressOf,
  BOTH_WAYS,
  freePort,
  HOST,
  startBootstrapper,
  startClient,
  startNode,
  startWith,
} from '../helpers/nodes.js'
import { until } from '../helpers/until.js'

/** Nobody listens here: our nodes are bound to 127.0.0.1. */
const UNREACHABLE = '127.0.0.2'

for (const [one, other] of BOTH_WAYS) {
  test(`interop: ${one} tells ${other} of a dead node it named, which then checks and drops it`, async (t) => {
    const dead = { host: HOST, port: await freePort() }
    const id = idFromAddress(dead.host, dead.port)
    const named = await startBootstrapper(t, other)
    const neighbour = await startNode(t, other, [named])
    const client = await startClient(t, one, [named])
    // Not before the client has joined, which would look for it already.
    named.addNode(dead)
    t.ok(named.table.has(id))

    const query = client.findNode(id, { retries: 0 })
    await query.finished()
    t.absent(query.closestNodes.some(({ port }) => port === dead.port))
    await until(() => client.stats.commands.downHint.tx > 0, 'the hint is sent')
    // A node that hears of nobody else blames its own network for the silence, so somebody has to speak.
    const pings: Promise<unknown>[] = []
    await until(() => {
      pings.push(named.ping(addressOf(neighbour)))
      return !named.table.has(id)
    }, 'the dead node is gone')
    await Promise.all(pings)
    t.ok(named.table.has(neighbour.id!), 'the living one is not')
  })

  test(`interop: ${one} joins ${other} by a suggested IP`, async (t) => {
    const bootstrapper = await startBootstrapper(t, other)
    const node = await startWith(t, one, { bootstrap: [`${HOST}@localhost:${bootstrapper.port}`], ephemeral: false })
    t.absent(node.ephemeral)
    t.alike(node.toArray(), [addressOf(bootstrapper)])
  })

  test(`interop: ${one} asks DNS for ${other} where the suggested IP does not answer`, async (t) => {
    const bootstrapper = await startBootstrapper(t, other)
    const bootstrap = [`${UNREACHABLE}@localhost:${bootstrapper.port}`]
    const node = await startWith(t, one, { bootstrap, ephemeral: true })
    t.alike(node.toArray(), [addressOf(bootstrapper)])
  })
}
