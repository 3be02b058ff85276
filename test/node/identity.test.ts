import test from 'brittle'
import { Identity, type IdentityHost, type IdentityOptions, type ProbeAnswer } from '../../lib/node/identity.js'
import { keyOf } from '../../lib/primitives/address.js'
import { idFromAddress } from '../../lib/primitives/id.js'

const MINUTE = 60_000
const OWN_HOST = '20.0.0.99'
const SERVER_PORT = 10001
const CLIENT_PORT = 50000

const target = (i: number) => ({ host: `20.0.1.${i}`, port: 1 })
const keyOfTarget = (i: number): number => keyOf(target(i).host, 1)

/** An identity whose network is played by the test. */
class Harness implements IdentityHost {
  time = 0
  targets = 5
  readonly log: string[] = []
  readonly probes: { node: { host: string; port: number }; done: (answer: ProbeAnswer | null) => void }[] = []
  readonly identity: Identity

  constructor(options: Partial<IdentityOptions> = {}) {
    const defaults = { firewalled: true, adaptive: true, forced: false, stableAfterMs: 20 * MINUTE, maxUnidentified: 3 }
    this.identity = new Identity(this, { ...defaults, ...options })
  }

  now = () => this.time
  serverPort = () => SERVER_PORT
  probeTargets = () => Promise.resolve(Array.from({ length: this.targets }, (_, i) => target(i)))
  pingNat = (node: { host: string; port: number }) =>
    new Promise<ProbeAnswer | null>((done) => void this.probes.push({ node, done }))
  onNatUpdate = (host: string | null, port: number) => void this.log.push(`nat ${host}:${port}`)
  onId = (id: Uint8Array) => void this.log.push(`id ${Buffer.from(id).toString('hex').slice(0, 8)}`)
  onPersistent = () => void this.log.push('persistent')
  onEphemeral = () => void this.log.push('ephemeral')

  /** So many contacts see our client socket at this address. */
  seenAt(host: string, port: number, count = 5): void {
    for (let i = 0; i < count; i++) this.identity.sample(keyOfTarget(i), keyOf(host, port), true)
  }

  /** All probes are answered to the server socket, unless said otherwise. */
  async answerProbes(answer: Partial<ProbeAnswer> | null = {}, count = Infinity): Promise<void> {
    await settle()
    for (const { node, done } of this.probes.splice(0, count)) {
      const key = keyOf(node.host, node.port)
      done(answer && { key, onServerSocket: true, toKey: keyOf(OWN_HOST, SERVER_PORT), ...answer })
    }
    await settle()
  }

  /** An attempt with probes that are answered like this. */
  async attempt(answer: Partial<ProbeAnswer> | null = {}, persistent = true): Promise<boolean> {
    const attempt = this.identity.upgrade(persistent)
    await settle()
    await this.answerProbes(answer)
    return attempt
  }
}

async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve()
}

const shortId = (host: string, port: number) => Buffer.from(idFromAddress(host, port)).toString('hex').slice(0, 8)

test('identity: starts ephemeral, without an address', (t) => {
  const { identity } = new Harness()
  t.alike([identity.ephemeral, identity.firewalled, identity.host, identity.port], [true, true, null, 0])
  t.is(new Harness({ firewalled: false }).identity.firewalled, false)
})

test('identity: the address is what others see', (t) => {
  const h = new Harness()
  h.seenAt(OWN_HOST, CLIENT_PORT)
  t.is(h.identity.host, OWN_HOST)
  t.is(h.identity.port, CLIENT_PORT)
  t.alike(h.log, [`nat ${OWN_HOST}:${CLIENT_PORT}`], 'told once')
})

test('W-S3: unidentified nodes have as many votes as there are bootstrap nodes, contacts have theirs', (t) => {
  const h = new Harness({ maxUnidentified: 2 })
  for (let i = 10; i < 30; i++) h.identity.sample(keyOfTarget(i), keyOf('8.8.8.8', 4660), false)
  t.is(h.identity.host, '8.8.8.8', 'while they are alone')
  h.seenAt(OWN_HOST, CLIENT_PORT, 8)
  t.is(h.identity.host, OWN_HOST)
})

test('identity: an adaptive node is due after 20 minutes with one address', (t) => {
  const h = new Harness()
  h.seenAt(OWN_HOST, CLIENT_PORT)
  t.absent(h.identity.isUpgradeDue)
  h.time = 20 * MINUTE - 1
  t.absent(h.identity.isUpgradeDue)
  h.time = 20 * MINUTE
  t.ok(h.identity.isUpgradeDue)
  const passive = new Harness({ adaptive: false })
  passive.seenAt(OWN_HOST, CLIENT_PORT)
  passive.time = 100 * MINUTE
  t.absent(passive.identity.isUpgradeDue)
})

test('identity: probes that arrive make it persistent, with the id of the server socket, in one step', async (t) => {
  const h = new Harness()
  h.seenAt(OWN_HOST, CLIENT_PORT)
  h.log.length = 0
  t.is(await h.attempt(), true)
  t.alike(h.log, [`nat ${OWN_HOST}:${SERVER_PORT}`, `id ${shortId(OWN_HOST, SERVER_PORT)}`, 'persistent'])
  t.alike([h.identity.ephemeral, h.identity.firewalled, h.identity.port], [false, false, SERVER_PORT])
})

test('identity: three of five answers are enough, the slowest do not hold it up', async (t) => {
  const h = new Harness()
  h.seenAt(OWN_HOST, CLIENT_PORT)
  const attempt = h.identity.upgrade(true)
  await h.answerProbes({}, 0)
  await h.answerProbes({}, 2)
  t.is(h.identity.ephemeral, true)
  await h.answerProbes({}, 1)
  t.is(await attempt, true)
  await h.answerProbes(null)
  t.is(h.identity.ephemeral, false)
})

test('W-S11: probes that do not arrive, or tell of another address, leave it firewalled', async (t) => {
  const rows: [string, Partial<ProbeAnswer> | null][] = [
    ['silence', null],
    ['on the client socket', { onServerSocket: false }],
    ['another host', { toKey: keyOf('20.0.0.98', SERVER_PORT) }],
    ['a mapped port', { toKey: keyOf(OWN_HOST, SERVER_PORT + 1) }],
    ['always the same node', { key: keyOfTarget(1), toKey: keyOf('20.0.0.98', SERVER_PORT) }],
  ]
  for (const [why, answer] of rows) {
    const h = new Harness()
    h.seenAt(OWN_HOST, CLIENT_PORT)
    t.is(await h.attempt(answer), false, why)
    t.alike([h.identity.ephemeral, h.identity.firewalled, h.identity.port], [true, true, CLIENT_PORT], why)
  }
})

test('identity: with nobody to ask there is no verdict', async (t) => {
  const h = new Harness()
  h.targets = 0
  h.seenAt(OWN_HOST, CLIENT_PORT)
  t.is(await h.attempt(), false)
})

test('W-C18: a firewalled verdict is checked again an hour later, on the same host', async (t) => {
  const h = new Harness()
  h.seenAt(OWN_HOST, CLIENT_PORT)
  h.time = 20 * MINUTE
  t.is(await h.attempt(null), false)
  t.absent(h.identity.isUpgradeDue)
  h.time = 80 * MINUTE
  t.ok(h.identity.isUpgradeDue)
  t.is(await h.attempt(), true)
  t.is(h.identity.ephemeral, false)
})

test('identity: an address that changes while probes are on their way stops the attempt', async (t) => {
  const h = new Harness()
  h.seenAt(OWN_HOST, CLIENT_PORT)
  const attempt = h.identity.upgrade(true)
  await settle()
  h.seenAt('20.0.0.50', CLIENT_PORT)
  await h.answerProbes()
  t.is(await attempt, false)
  t.is(h.identity.ephemeral, true)
  t.is(h.identity.host, '20.0.0.50')
})

test('identity: a wake-up or the end of the node stops the attempt', async (t) => {
  for (const end of ['onWakeup', 'close'] as const) {
    const h = new Harness()
    h.seenAt(OWN_HOST, CLIENT_PORT)
    const attempt = h.identity.upgrade(true)
    await settle()
    h.identity[end]()
    await h.answerProbes()
    t.is(await attempt, false, end)
    t.is(h.identity.ephemeral, true, end)
    t.absent(h.log.includes('persistent'))
  }
})

test('identity: a second attempt joins the first', async (t) => {
  const h = new Harness()
  h.seenAt(OWN_HOST, CLIENT_PORT)
  const attempt = h.identity.upgrade(true)
  t.is(h.identity.upgrade(true), attempt)
  t.absent(h.identity.isUpgradeDue)
  await h.answerProbes()
  t.is(await attempt, true)
  t.is(h.log.filter((line) => line === 'persistent').length, 1)
})

test('identity: a node that only wants to know learns that it can be reached, and stays ephemeral', async (t) => {
  const h = new Harness()
  h.seenAt(OWN_HOST, CLIENT_PORT)
  t.is(await h.attempt({}, false), true)
  t.alike([h.identity.firewalled, h.identity.ephemeral, h.identity.port], [false, true, SERVER_PORT])
  t.is(await h.identity.upgrade(false), false, 'there is nothing left to find out')
})

test('identity: without a known address nothing is tried', async (t) => {
  const h = new Harness({ forced: true })
  t.is(await h.identity.upgrade(true), false)
  h.seenAt(OWN_HOST, CLIENT_PORT, 1)
  h.identity.sample(keyOfTarget(1), keyOf(OWN_HOST, CLIENT_PORT + 1), true)
  t.is(h.identity.port, 0, 'a port that differs from peer to peer')
  t.is(await h.identity.upgrade(true), false)
  t.is(h.probes.length, 0)
})

test('W-C20: a persistent node whose address changes gives up its id at once', async (t) => {
  const h = new Harness()
  h.seenAt(OWN_HOST, CLIENT_PORT)
  await h.attempt()
  h.seenAt(OWN_HOST, SERVER_PORT)
  h.log.length = 0
  for (let i = 0; i < 5 && !h.identity.ephemeral; i++) {
    h.identity.sample(keyOfTarget(i), keyOf('20.0.0.50', SERVER_PORT), true)
  }
  t.is(h.identity.ephemeral, true)
  t.is(h.log.filter((line) => line === 'ephemeral').length, 1)
  t.is(h.identity.firewalled, true, 'what was probed was another address')
  h.seenAt('20.0.0.50', CLIENT_PORT)
  h.time = 60 * MINUTE
  const again = h.identity.upgrade(true)
  await h.answerProbes({ toKey: keyOf('20.0.0.50', SERVER_PORT) })
  t.is(await again, true)
  t.is(h.log.at(-2), `id ${shortId('20.0.0.50', SERVER_PORT)}`)
})

test('identity: a single contact that sees another address changes nothing', async (t) => {
  const h = new Harness()
  h.seenAt(OWN_HOST, CLIENT_PORT)
  await h.attempt()
  h.seenAt(OWN_HOST, SERVER_PORT)
  h.identity.sample(keyOfTarget(1), keyOf('8.8.8.8', 1), true)
  t.is(h.identity.ephemeral, false)
  t.is(h.identity.host, OWN_HOST)
})

test('W-C19: after a wake-up a node is ephemeral, firewalled as at first, and needs a fresh probe', async (t) => {
  const h = new Harness()
  h.seenAt(OWN_HOST, CLIENT_PORT)
  await h.attempt()
  h.log.length = 0
  h.identity.onWakeup()
  t.alike(h.log, ['nat null:0', 'ephemeral'])
  t.alike([h.identity.ephemeral, h.identity.firewalled, h.identity.host], [true, true, null])
  h.seenAt(OWN_HOST, CLIENT_PORT)
  h.time = 59 * MINUTE
  t.absent(h.identity.isUpgradeDue)
  h.time = 60 * MINUTE
  t.ok(h.identity.isUpgradeDue)
  t.is(await h.attempt(null), false, 'the firewall has been closed meanwhile')
})

test('identity: a bootstrapper knows its address, whatever others say and however long it slept', async (t) => {
  const h = new Harness({ forced: true, firewalled: false })
  h.identity.fixAddress(OWN_HOST, SERVER_PORT)
  t.is(await h.identity.upgrade(true), true)
  t.is(h.probes.length, 0)
  h.seenAt('8.8.8.8', 1, 16)
  h.identity.onWakeup()
  t.alike([h.identity.host, h.identity.port, h.identity.ephemeral], [OWN_HOST, SERVER_PORT, false])
})

test('identity: a node that is told to be ephemeral keeps its state over a sleep', (t) => {
  const h = new Harness({ adaptive: false })
  h.seenAt(OWN_HOST, CLIENT_PORT)
  h.log.length = 0
  h.identity.onWakeup()
  t.alike(h.log, [])
  t.is(h.identity.host, OWN_HOST)
})
