/**
 * Malformed, odd and hostile datagrams, and what the network expects of a node that gets them: first the very bytes,
 * on a transport that only takes notes, then the same against sockets.
 */
import test from 'brittle'
import type { Assert } from 'brittle'
import { DHT } from '../../index.js'
import { parseIPv4 } from '../../lib/primitives/address.js'
import { compareDistance } from '../../lib/primitives/id.js'
import { tokenFor } from '../../lib/rpc/tokens.js'
import type { Reply } from '../../lib/rpc/reply.js'
import type { DatagramSocket, OnDatagram, Transport } from '../../lib/transport/contract.js'
import { decodeResponse, encodeResponse } from '../../lib/wire/response.js'
import { freePort, HOST } from '../helpers/nodes.js'
import { RawSocket } from '../helpers/raw-socket.js'
import { ScriptedRandom } from '../helpers/scripted.js'
import { loadVectors } from '../vectors/load.js'
import { fromHex, responseOf, toHex, type VectorAddress, type VectorResponse } from '../wire/messages.js'

interface Row {
  name: string
  kind: 'request' | 'response'
  hex: string
  from: VectorAddress
  outcome: 'drop' | 'accept' | 'reply'
  reply?: { to: VectorAddress; hex: string }[]
  decoded?: Omit<VectorResponse, 'tid'> | null
}

const { self, secrets, tableNodes, vectors } = loadVectors<{
  self: VectorAddress
  secrets: { current: string }
  tableNodes: VectorAddress[]
  vectors: Row[]
}>('malformed')

const REQUESTS = vectors.filter(({ kind }) => kind === 'request')
const RESPONSES = vectors.filter(({ kind }) => kind === 'response')

/** The source of almost all datagrams, and whom the request in flight was sent to. */
const PEER = { host: '192.0.2.10', port: 40123 }
const TID = 0x0102

/** The port that PING_NAT asks to be answered at. */
const NAT_PORT = '49c2'

/** Ours drops what the network takes: a reply from somebody who was not asked (W-S2), unless it was announced. */
const STRANGER = 'from another host than asked'

/** Answers the request in flight after a datagram that must not. */
const ANSWER = '13100201c633641423c40161'

interface Sent {
  to: VectorAddress
  hex: string
}

/** Takes notes of what is sent, and hands over what is said to have arrived. */
class NotingTransport implements Transport {
  readonly native = null
  readonly maxDatagramBytes = 2048
  /** BOUNDED: by the test's datagrams. */
  sent: Sent[] = []
  #deliver: ((bytes: Uint8Array, from: VectorAddress) => void) | null = null

  async bind(port: number, host: string, onDatagram: OnDatagram): Promise<DatagramSocket> {
    const socket: DatagramSocket = {
      trySend: (bytes, toPort, toHost) => this.sent.push({ to: { host: toHost, port: toPort }, hex: toHex(bytes) }),
      address: () => ({ host, port }),
      close: async () => {},
    }
    // The server socket is bound first.
    this.#deliver ??= (bytes, from) => onDatagram(bytes, from.host, from.port, socket)
    return socket
  }

  async lookup(): Promise<string> {
    throw new Error('no names here')
  }

  networkInterfaces(): [] {
    return []
  }

  watchInterfaces(): () => void {
    return () => {}
  }

  deliver(bytes: Uint8Array, from: VectorAddress): void {
    this.#deliver!(bytes, from)
  }
}

/** The test answers by hand, and what it does not answer is to be asked once. */
const PATIENT = { min: 10_000, max: 10_000, initial: 10_000 }

async function startNode(t: Assert, at: VectorAddress, options: object): Promise<DHT> {
  const node = DHT.bootstrapper(at.port, at.host, { adaptiveTimeout: PATIENT, ...options })
  t.teardown(async () => node.destroy())
  await node.fullyBootstrapped()
  for (const contact of tableNodes) node.addNode(contact)
  return node
}

/** A captured reply with the closer nodes in our order, nearest first, and what else is replaced. */
function expectedReply(captured: string, node: DHT, row: Row, replaced: object): string {
  const bytes = fromHex(captured)
  const message = decodeResponse(bytes)!
  const fields = responseOf(bytes, message)
  if (message.closerAt !== -1) {
    // All targets of these requests are the same.
    const target = fromHex(/874c10b404c95b0d.{48}/.exec(row.hex)![0])
    fields.closer = node.table.toArray().sort((a, b) => compareDistance(target, a.id, b.id))
  }
  return toHex(encodeResponse({ ...fields, ...replaced }))
}

function fieldsOf({ from, to, token, closerNodes, error, value }: Reply): object {
  return {
    id: from.id,
    to: { host: to.host, port: to.port },
    token: token && toHex(token),
    closerNodes: closerNodes && closerNodes.map(({ host, port }) => ({ host, port })),
    error,
    value: value && toHex(value),
  }
}

/** The vectors leave out fields that are null. */
function decodedOf({ decoded }: Row): object {
  const { id, to, token, closerNodes, error, value } = decoded!
  return { id, to, token, closerNodes, error, value }
}

test('malformed: to the same bytes ours answers the same bytes, or nothing', async (t) => {
  const transport = new NotingTransport()
  const node = await startNode(t, self, { transport, random: new ScriptedRandom(secrets.current) })
  for (const row of REQUESTS) {
    transport.sent = []
    transport.deliver(fromHex(row.hex), row.from)
    await settled()
    const expected = (row.reply ?? []).map(({ to, hex }) => ({ to, hex: expectedReply(hex, node, row, {}) }))
    // An identified newcomer is asked as well.
    const replies = transport.sent.filter(({ hex }) => hex.startsWith('13'))
    t.alike(replies, expected, row.name)
  }
})

test('malformed: a request in flight is settled by the same bytes', async (t) => {
  const transport = new NotingTransport()
  const random = new ScriptedRandom(secrets.current)
  const node = await startNode(t, self, { transport, random })
  for (const row of RESPONSES) {
    random.next = TID
    const reply = node.request({ command: 7 }, PEER)
    transport.deliver(fromHex(row.hex), row.from)
    const isDropped = row.outcome === 'drop' || row.name === STRANGER
    t.is(node.stats.requests.active, isDropped ? 1 : 0, row.name)
    if (isDropped) transport.deliver(fromHex(ANSWER), PEER)
    const actual = fieldsOf(await reply)
    t.alike(actual, isDropped ? { ...actual, value: '61' } : decodedOf(row), `${row.name}: reply`)
  }
})

test('malformed: a stranger settles a request that may be relayed', async (t) => {
  const transport = new NotingTransport()
  const random = new ScriptedRandom(secrets.current)
  const node = await startNode(t, self, { transport, random })
  const row = RESPONSES.find(({ name }) => name === STRANGER)!
  random.next = TID
  const reply = node.request({ command: 7 }, PEER, { relayed: true })
  transport.deliver(fromHex(row.hex), row.from)
  t.alike(fieldsOf(await reply), decodedOf(row))
})

test('malformed: requests from a socket', async (t) => {
  const client = await RawSocket.open(t)
  const other = await RawSocket.open(t)
  const at = { host: HOST, port: await freePort() }
  const node = await startNode(t, at, { host: HOST, random: new ScriptedRandom(secrets.current) })
  const token = tokenFor(fromHex(secrets.current), HOST)
  const oldToken = toHex(tokenFor(fromHex(secrets.current), PEER.host))
  for (const row of REQUESTS) {
    if (row.from.port !== PEER.port) continue // no socket has such a port: above
    const natPort = Buffer.from(Uint16Array.of(other.address.port).buffer).toString('hex')
    const request = row.hex.replace(oldToken, toHex(token))
    const isNat = row.name.startsWith('PING_NAT') && row.reply !== undefined
    await client.send(fromHex(isNat ? request.replace(NAT_PORT, natPort) : request), at.port)
    const answered = isNat ? other : client
    const replies = row.reply === undefined ? [] : [await answered.next(row.name)]
    replies.push(...(await client.settled(at.port)))
    const expected = (row.reply ?? []).map(({ hex }) => {
      const isRefusal = row.name.startsWith('bad token')
      const place = { ip: parseIPv4(HOST), port: answered.address.port, id: node.id }
      return expectedReply(hex, node, row, isRefusal ? { ...place, token } : place)
    })
    t.alike(replies.map(toHex), expected, row.name)
  }
  t.is(node.stats.datagrams.received, sumOf(node), 'every datagram is counted once')
})

test('malformed: responses from a socket', async (t) => {
  const peer = await RawSocket.open(t)
  const stranger = await RawSocket.open(t)
  const at = { host: HOST, port: await freePort() }
  const random = new ScriptedRandom(secrets.current)
  const node = await startNode(t, at, { host: HOST, random })
  for (const row of RESPONSES) {
    if (row.from.port === 0) continue
    random.next = TID
    const reply = node.request({ command: 7 }, peer.address)
    await peer.next('the request')
    const source = row.name === STRANGER ? stranger : peer
    await source.send(fromHex(row.hex), at.port)
    await source.settled(at.port)
    const isDropped = row.outcome === 'drop' || row.name === STRANGER
    if (isDropped) await peer.send(fromHex(ANSWER), at.port)
    const actual = fieldsOf(await reply)
    t.alike(actual, isDropped ? { ...actual, value: '61' } : decodedOf(row), row.name)
  }
  t.is(node.stats.datagrams.received, sumOf(node), 'every datagram is counted once')
})

/** What becomes of datagrams, added up. */
function sumOf({ stats }: DHT): number {
  const { requests, responses, dropped } = stats.datagrams
  return Object.values(dropped).reduce((sum, count) => sum + count, requests + responses)
}

/** A delayed ping of 0 ms is answered by a timer. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1))
}
