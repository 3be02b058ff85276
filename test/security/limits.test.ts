/** What strangers may cost us, in numbers, and that every datagram is in the books. */
import test from 'brittle'
import b4a from 'b4a'
import type DHT from '../../index.js'
import { COMMAND } from '../../lib/wire/commands.js'
import {
  createSimulation,
  FakeNode,
  forge,
  MINUTE,
  record,
  requestTo,
  responseTo,
  SECOND,
  startLoner,
  unaccounted,
} from './attacker.js'

const TARGET = b4a.alloc(32, 1)
const FIND_NODE = { command: COMMAND.FIND_NODE, target: TARGET }

/** Of so many requests a second for five seconds from one host, those that were handled. */
async function handledOf(sim: ReturnType<typeof createSimulation>, node: DHT, from: FakeNode, perSecond: number) {
  const to = sim.addressOf(node)
  const before = node.stats.datagrams.requests
  for (let i = 0; i < 500; i++) {
    for (let n = 0; n < perSecond / 100; n++) from.send(requestTo(to, FIND_NODE), to)
    await sim.advance(10)
  }
  await sim.advance(SECOND)
  return node.stats.datagrams.requests - before
}

test('limits: 2000 requests a second from one address pass with a setting, and 500 without', async (t) => {
  for (const [inboundLimits, least, most] of [
    [{ requestsPerSecond: 2000 }, 10_000, 10_000],
    [false, 10_000, 10_000],
    [undefined, 3400, 3600],
  ] as const) {
    const sim = createSimulation(t)
    const node = await startLoner(sim, { inboundLimits })
    const handled = await handledOf(sim, node, await FakeNode.create(sim), 2000)
    t.ok(handled >= least && handled <= most, `${handled} of 10000`)
    t.is(unaccounted(node), 0)
  }
})

test('limits: on a local network, among its own, a node holds nobody back', async (t) => {
  const sim = createSimulation(t)
  const boot = sim.bootstrapper({}, { address: '10.0.0.1' })
  const node = await sim.startNode({ ephemeral: false }, { address: '10.0.0.2' })
  t.is(node.host, '10.0.0.2')
  const from = await FakeNode.create(sim, { host: sim.createHost({ address: '10.0.0.3' }) })
  t.ok((await handledOf(sim, node, from, 2000)) >= 10_000)
  const stranger = await FakeNode.create(sim)
  t.ok((await handledOf(sim, node, stranger, 2000)) < 3600, 'a stranger from outside it does')
  t.is(unaccounted(boot), 0)
})

test('limits: in a flood from many addresses, who has proved itself is answered', async (t) => {
  const sim = createSimulation(t, { network: { jitter: 0.3 } })
  const node = await startLoner(sim, { inboundLimits: { totalRequestsPerSecond: 1000 } })
  node.on('request', (req) => req.reply())
  const to = sim.addressOf(node)
  const client = await startLoner(sim)
  const message = { command: 7, target: TARGET }
  const { token } = await sim.run(client.request(message, to))
  await sim.run(client.request({ ...message, token }, to))
  const before = node.stats.datagrams.requests
  const answers: Promise<boolean>[] = []
  for (let i = 0; i < 3000; i++) {
    for (let n = 0; n < 10; n++) {
      forge(sim, { host: `50.${i >> 8}.${i & 255}.${n}`, port: 9 }, to, requestTo(to, FIND_NODE))
    }
    if (i % 60 === 0) {
      const asked = client.request(message, to, { retry: false })
      answers.push(
        asked.then(
          () => true,
          () => false,
        ),
      )
    }
    await sim.advance(1)
  }
  const answered = (await sim.run(Promise.all(answers))).filter(Boolean).length
  const handled = node.stats.datagrams.requests - before
  t.ok(handled < 1000 + 3 * 1000 + 50, `${handled} of 30000 in three seconds`)
  t.is(answered, 50)
  t.is(unaccounted(node), 0)
})

test('limits: in a flood, a token from before it lets its host in, and the next ones keep it in', async (t) => {
  const sim = createSimulation(t, { network: { jitter: 0.3 } })
  const node = await startLoner(sim, { inboundLimits: { totalRequestsPerSecond: 100 } })
  node.on('request', (req) => req.reply())
  const to = sim.addressOf(node)
  // Both are known to nobody and are asked by nobody: what they show is all that there is.
  const [bearer, asker] = [await startLoner(sim), await startLoner(sim)]
  const ask = async (who: DHT, token: Uint8Array | null) => {
    const asked = who.request({ command: 7, target: TARGET, token }, to, { retry: false })
    return asked.catch(() => null)
  }
  let { token } = (await sim.run(ask(bearer, null)))!
  await sim.run(ask(asker, (await sim.run(ask(asker, null)))!.token))
  const answered = { bearer: 0, asker: 0 }
  const asks: Promise<void>[] = []
  for (let second = 0; second < 150; second++) {
    for (let i = 0; i < 200; i++) {
      for (let n = 0; n < 5; n++) {
        forge(sim, { host: `50.${second}.${i}.${n}`, port: 9 }, to, requestTo(to, FIND_NODE))
      }
      await sim.advance(5)
    }
    if (second % 10 !== 5) continue
    asks.push(
      ask(bearer, token).then((reply) => {
        if (reply === null || reply.error !== 0) return
        answered.bearer++
        token = reply.token
      }),
      ask(asker, null).then((reply) => void (answered.asker += reply === null ? 0 : 1)),
    )
  }
  await sim.run(Promise.all(asks))
  t.is(answered.bearer, 15)
  t.ok(answered.asker >= 6 && answered.asker < 12, `without tokens for a minute, then by chance: ${answered.asker}`)
  t.is(unaccounted(node), 0)
})

test('limits: every datagram is handled or dropped for one reason, whatever comes and whatever the state', async (t) => {
  const sim = createSimulation(t)
  const nodes = await sim.startNodes(10)
  const node = nodes[0]!
  const to = sim.addressOf(node)
  node.on('request', (req) => {
    if (req.command % 3 === 0) throw new Error('of the listener')
    if (req.command % 3 === 1) req.reply(req.value)
  })
  node.on('request-error', () => {})
  const fakes = await Promise.all(Array.from({ length: 5 }, () => FakeNode.create(sim)))
  const captured = record(sim)
  void sim.run(node.findNode(TARGET).finished())
  await sim.advance(SECOND)
  const real = captured.filter(({ toHost }) => toHost === sim.hostOf(node).address).map(({ bytes }) => bytes)
  sim.network.tap = null
  const { random } = sim
  const before = node.stats.datagrams.received
  for (let i = 0; i < 20_000; i++) {
    const fake = fakes[i % 5]!
    const kind = random.below(6)
    let bytes = random.bytes(random.below(80))
    if (kind === 1) bytes = requestTo(to, { tid: i, command: random.below(8), internal: i % 2 === 0, value: bytes })
    if (kind === 2) bytes = requestTo(to, { id: fake.id, token: i % 3 ? TARGET : null, target: TARGET })
    if (kind === 3 && bytes.length > 1) bytes.set([i % 2 ? 3 : 0x13, bytes[1]! & 31])
    if (kind === 4) bytes = b4a.from(real[i % real.length]!)
    if (kind === 5) {
      bytes = b4a.from(real[i % real.length]!)
      bytes[random.below(bytes.length)]! ^= 1 << random.below(8)
    }
    fake.send(bytes, to)
    if (i % 100 === 0) await sim.advance(random.below(40))
    if (i === 10_000) await sim.run(node.suspend())
    if (i === 10_500) await sim.run(node.resume())
  }
  // Handed in from a socket of the application's, also while there is none of ours.
  await sim.run(node.suspend())
  node.onmessage(node.socket!, requestTo(to), fakes[0]!)
  await sim.run(node.resume())
  node.onmessage(node.socket!, requestTo(to), { host: 'no address', port: 1 })
  node.onmessage(node.socket!, requestTo(to), { host: '20.0.0.1', port: 0 })
  for (let i = 0; i < 3000; i++) fakes[0]!.send(requestTo(to), to)
  const [asked, other] = fakes as [FakeNode, FakeNode]
  asked.answer = ({ from, tid }) => {
    other.send(responseTo(from, tid), from)
    return {}
  }
  await sim.run(node.ping(asked))
  await sim.advance(MINUTE)
  t.ok(node.stats.datagrams.received - before > 15_000)
  for (const one of sim.nodes) t.is(unaccounted(one), 0)
  const { dropped } = node.stats.datagrams
  const unseen = Object.keys(dropped).filter((reason) => dropped[reason as keyof typeof dropped] === 0)
  t.alike(unseen, [], 'every reason occurred')
})
