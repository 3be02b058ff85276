/**
 * A number of messages of the tunnel at two live gateways, one with the limits it has by default and one without any, and
 * at a client of one; datagrams of strangers come in on the gateways' UDP sockets meanwhile.
 */
import { DatagramSource, type Kind, KINDS } from './datagrams.js'
import { FrameSource } from './frames.js'
import { LiveGateway } from './live-gateway.js'
import { LiveTunnel } from './live-tunnel.js'
import { type CampaignOptions, type Measured, Meter, SHOT_STREAM } from './meter.js'
import { SeededRandom } from '../../lib/simulation/seeded-random.js'
import { DatagramReader } from '../../lib/transport/tunnel/datagram-frame.js'
import { decodeClientMessage, decodeGatewayMessage } from '../../lib/transport/tunnel/messages.js'

/** Every so manyth message is one of a gateway to its client; with every so manyth comes a datagram from outside. */
const TO_CLIENT = 4
const PER_DATAGRAM = 8

/** Between two breaths; a client that was thrown out needs one to come back. */
const SHOTS_PER_BREATH = 12

export interface FrameCampaignOptions extends CampaignOptions {
  /** Real datagrams and messages of the tunnel. */
  datagrams: readonly Uint8Array[]
  frames: readonly Uint8Array[]
}

export interface FrameCampaignResult extends Measured {
  fired: Record<Kind, number>
  /** Messages that were read, of all ends, and of these the ones that no other end would send. */
  messages: number
  malformed: number
  /** Malformed messages that did not end their connection with a code, and messages sent that are none. */
  problems: readonly string[]
  /** Connections that the gateways closed, by reason. */
  closed: Record<string, number>
  /** Datagrams that the gateways passed on, both ways, and that they refused or dropped, by reason. */
  passed: number
  refused: Record<string, number>
  /** Messages and datagrams that the gateways' books do not explain. */
  unaccounted: number
  /** What is left at the gateways once all clients are gone. */
  left: number
  /** Whether a client that behaves is served afterwards, and the client that was shot at is connected. */
  isWell: boolean
}

const NO_LIMITS = {
  datagramsPerSecond: Infinity,
  bytesPerSecond: Infinity,
  totalDatagramsPerSecond: Infinity,
  totalBytesPerSecond: Infinity,
  messagesPerSecond: Infinity,
  lookupsPerMinute: Infinity,
}

/** So tight that they are felt before a connection is ended for something else. */
const TIGHT_LIMITS = { datagramsPerSecond: 1, messagesPerSecond: 2.5, lookupsPerMinute: 0.5, graceMs: 1000 }

/** What is thrown comes out, with the message in its text. */
export async function runFrameCampaign(options: FrameCampaignOptions): Promise<FrameCampaignResult> {
  const { count, seed, datagrams, frames } = options
  const random = new SeededRandom(seed, SHOT_STREAM)
  const gateways = [await LiveGateway.start(seed, NO_LIMITS), await LiveGateway.start(seed + 1, TIGHT_LIMITS)]
  const tunnel = await LiveTunnel.start(new SeededRandom(seed, SHOT_STREAM + 1))
  const sources = gateways.map(({ hosts }) => new FrameSource(random, datagrams, frames, hosts))
  const strangers = new DatagramSource(random, datagrams)
  const fired: Record<Kind, number> = { random: 0, mutated: 0, grammar: 0 }
  const meter = new Meter(options)
  try {
    for (let i = 0; i < count; i++) {
      const kind = KINDS[i % KINDS.length]!
      const which = (i >> 2) % gateways.length
      const gateway = gateways[which]!
      const toClient = i % TO_CLIENT === 0
      const bytes = toClient
        ? sources[which]!.fromGateway(kind, tunnel)
        : sources[which]!.fromClient(kind, gateway.client(i))
      fired[kind]++
      meter.fire({
        bytes: bytes ?? new Uint8Array(0),
        from: toClient ? 'a gateway' : 'a client',
        decode: () => decodeAll(bytes),
        // The frame belongs to its receiver: where it is fired again, it is another one.
        fire: () => (toClient ? tunnel.fire(bytes) : gateway.fire(i, bytes)),
      })
      if (i % PER_DATAGRAM === 0) gateway.shoot(strangers.next(kind, TO_NOBODY, []))
      if (i % SHOTS_PER_BREATH === 0) {
        await gateway.breathe()
        await tunnel.breathe()
      }
    }
    const measured = meter.result()
    let isWell = await tunnel.isWell()
    for (const gateway of gateways) isWell = (await gateway.isWell()) && isWell
    const unaccounted = gateways.reduce((sum, gateway) => sum + gateway.unaccounted, 0)
    const result = sumUp(gateways, tunnel)
    for (const gateway of gateways) await gateway.server.close()
    const left = gateways.reduce((sum, { server }) => {
      return sum + server.size + server.stats.sessions.open + server.stats.sockets + server.stats.connections.open
    }, 0)
    return {
      fired,
      ...result,
      unaccounted,
      left,
      isWell,
      ...measured,
    }
  } finally {
    for (const gateway of gateways) await gateway.destroy()
  }
}

/** Datagrams of strangers at the gateways' sockets are for any address. */
const TO_NOBODY = { ip: 0x7f000001, port: 1 }

function decodeAll(bytes: Uint8Array | null): void {
  if (bytes === null) return
  decodeClientMessage(bytes)
  decodeGatewayMessage(bytes)
  const reader = DatagramReader.open(bytes)
  while (reader?.next() === true);
}

function sumUp(
  gateways: readonly LiveGateway[],
  tunnel: LiveTunnel,
): Pick<FrameCampaignResult, 'messages' | 'malformed' | 'problems' | 'closed' | 'passed' | 'refused'> {
  const closed: Record<string, number> = {}
  const refused: Record<string, number> = {}
  let passed = 0
  for (const { server } of gateways) {
    const { connections, outgoing, incoming } = server.stats
    addAll(closed, connections.closed)
    addAll(refused, outgoing.refused)
    addAll(refused, incoming.dropped)
    passed += outgoing.datagrams + incoming.datagrams
  }
  const all = [...gateways, tunnel]
  return {
    messages: all.reduce((sum, { messages }) => sum + messages, 0),
    malformed: all.reduce((sum, { malformed }) => sum + malformed, 0),
    problems: all.flatMap(({ problems }) => problems),
    closed,
    passed,
    refused,
  }
}

function addAll(sums: Record<string, number>, counts: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count
}
