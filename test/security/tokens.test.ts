/** Tokens: how long they live, whom they are worth something to, and where their secrets come from. */
import test from 'brittle'
import b4a from 'b4a'
import DHT from '../../index.js'
import { seededRandom } from '../helpers/contacts.js'
import { createSimulation, SECOND } from './attacker.js'

const MESSAGE = { command: 7, target: b4a.alloc(32, 1) }

test('W-S12: a token outlives a slow query and its commit, and is worth nothing to others', async (t) => {
  const sim = createSimulation(t)
  const node = await sim.startNode({ ephemeral: true })
  node.on('request', (req) => req.reply())
  const to = sim.addressOf(node)
  const client = await sim.startNode({ ephemeral: true })
  const other = await sim.startNode({ ephemeral: true })
  const ask = async (who: DHT, token: Uint8Array | null) => sim.run(who.request({ ...MESSAGE, token }, to))
  const errors: number[] = []
  for (let i = 0; i < 12; i++) {
    const { token } = await ask(client, null)
    await sim.advance(25 * SECOND + i * SECOND)
    // As old as that, whatever the time within the life of a secret.
    if (i < 5) errors.push((await ask(client, token)).error)
    t.is((await ask(other, token)).error, DHT.ERROR_INVALID_TOKEN)
  }
  t.alike(errors, [0, 0, 0, 0, 0])
  const { token } = await ask(client, null)
  await sim.advance(61 * SECOND)
  const refused = await ask(client, token)
  t.is(refused.error, DHT.ERROR_INVALID_TOKEN)
  t.is((await ask(client, refused.token)).error, 0, 'the refusal brings a fresh one')
})

test('W-S12: each secret is fresh randomness', async (t) => {
  const sim = createSimulation(t)
  const random = seededRandom(5)
  const drawn: Uint8Array[] = []
  const spied = {
    below: (limit: number) => random.below(limit),
    bytes: (sizeBytes: number) => {
      const bytes = random.bytes(sizeBytes)
      if (sizeBytes === 32) drawn.push(b4a.from(bytes))
      return bytes
    },
  }
  const node = await sim.startNode({ ephemeral: true, bootstrap: false, random: spied, refreshIntervalMs: 1e9 })
  node.on('request', (req) => req.reply())
  const client = await sim.startNode({ ephemeral: true })
  const before = drawn.length
  const tokens = new Set<string>()
  for (let i = 0; i < 5; i++) {
    const { token } = await sim.run(client.request(MESSAGE, sim.addressOf(node)))
    tokens.add(b4a.toString(token!, 'hex'))
    await sim.advance(31 * SECOND)
  }
  t.is(tokens.size, 5)
  t.is(drawn.length - before, 5, 'drawn, not derived from the one before')
})
