/** Nodes of a simulated network whose answers the test writes: sockets that look like persistent nodes. */
import type { Assert } from 'brittle'
import type { DHT, DHTOptions } from '../../index.js'
import { formatIPv4, parseIPv4 } from '../../lib/primitives/address.js'
import { compareDistance, idFromAddress } from '../../lib/primitives/id.js'
import { copyBytes, readIp, readPort } from '../../lib/wire/bytes.js'
import { COMMAND } from '../../lib/wire/commands.js'
import { decodeRequest } from '../../lib/wire/request.js'
import { encodeResponse, type ResponseFields } from '../../lib/wire/response.js'
import { Simulation } from '../helpers/simulation.js'

/** A request of the application's, as a node got it. */
export interface Asked {
  at: number
  command: number
  target: Uint8Array | null
  token: Uint8Array | null
  value: Uint8Array | null
}

/** What to answer; null: nothing. Default: the id, a token, the closer nodes of the node. */
export type Answer = (Partial<Omit<ResponseFields, 'tid' | 'ip' | 'port'>> & { delayMs?: number }) | null

export interface Place {
  host: string
  port: number
}

export class ScriptedNode {
  readonly host: string
  readonly port: number
  readonly id: Uint8Array
  /** The token it gives, until a test changes it. */
  token: Uint8Array
  closer: Place[] = []
  /** What became known to it by requests of the application's. */
  readonly asked: Asked[] = []
  /** Addresses that down hints told it of. */
  readonly hints: string[] = []
  /** Answers the application's requests; FIND_NODE is answered with the closer nodes. */
  answer: (asked: Asked) => Answer = () => ({})
  /** false: answers nobody, and nothing. */
  alive = true

  constructor({ host, port }: Place) {
    this.host = host
    this.port = port
    this.id = idFromAddress(host, port)
    this.token = Uint8Array.from(this.id).reverse()
  }

  /** Requests with a token: commits. */
  get commits(): Asked[] {
    return this.asked.filter(({ token }) => token !== null)
  }
}

/** A node that knows nobody, and others that it has to be told of. */
export async function startAsker(
  t: Assert,
  count: number,
  options: DHTOptions = {},
): Promise<{ sim: Simulation; nodes: ScriptedNode[]; asker: DHT }> {
  const sim = new Simulation(t)
  const nodes = await createScripted(sim, count)
  const asker = await sim.start({ ephemeral: true, bootstrap: false, ...options })
  return { sim, nodes, asker }
}

/** Nodes on hosts of their own, which name each other as closer nodes unless said otherwise. */
export async function createScripted(sim: Simulation, count: number): Promise<ScriptedNode[]> {
  const nodes: ScriptedNode[] = []
  for (let i = 0; i < count; i++) nodes.push(await createOne(sim))
  for (const node of nodes) node.closer = nodes.filter((other) => other !== node).slice(0, 20)
  return nodes
}

async function createOne(sim: Simulation): Promise<ScriptedNode> {
  // Bound first: its port is known then.
  let node: ScriptedNode | null = null
  const { host, port } = await sim.socket((bytes, fromHost, fromPort, from) => {
    if (node === null || !node.alive) return
    const request = decodeRequest(bytes)
    if (request === null || bytes[0] !== 3) return
    const { tid } = request
    const answer = respond(node, sim, bytes, request)
    if (answer === null) return
    const { delayMs = 0, ...fields } = answer
    const response = encodeResponse({
      tid,
      ip: parseIPv4(fromHost),
      port: fromPort,
      id: node.id,
      token: null,
      closer: node.closer.map((place) => ({ ip: parseIPv4(place.host), port: place.port })),
      error: 0,
      value: null,
      ...fields,
    })
    if (delayMs === 0) from.trySend(response, fromPort, fromHost)
    else sim.clock.after(delayMs, () => from.trySend(response, fromPort, fromHost))
  })
  node = new ScriptedNode({ host, port })
  return node
}

function respond(
  node: ScriptedNode,
  sim: Simulation,
  bytes: Uint8Array,
  request: NonNullable<ReturnType<typeof decodeRequest>>,
): Answer {
  const { internal, command, valueAt, valueBytes } = request
  if (internal) {
    if (command === COMMAND.DOWN_HINT) {
      node.hints.push(`${formatIPv4(readIp(bytes, valueAt))}:${readPort(bytes, valueAt)}`)
    }
    if (command === COMMAND.PING_NAT) return null
    return command === COMMAND.FIND_NODE ? {} : { closer: [] }
  }
  const asked: Asked = {
    at: sim.clock.now(),
    command,
    target: request.targetAt === -1 ? null : copyBytes(bytes, request.targetAt, 32),
    token: request.tokenAt === -1 ? null : copyBytes(bytes, request.tokenAt, 32),
    value: valueAt === -1 ? null : copyBytes(bytes, valueAt, valueBytes),
  }
  node.asked.push(asked)
  const answer = node.answer(asked)
  return answer === null ? null : { token: node.token, ...answer }
}

/** The same nodes, nearest to the target first. */
export function nearestFirst(nodes: readonly ScriptedNode[], target: Uint8Array): ScriptedNode[] {
  return nodes.toSorted((a, b) => compareDistance(target, a.id, b.id))
}

/** Hosts, for comparing. */
export function hostsOf(places: readonly { host: string }[]): string[] {
  return places.map(({ host }) => host)
}
