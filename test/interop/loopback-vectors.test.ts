/**
 * Datagrams captured between a plain socket and a node of the other implementation, replayed against ours: the same
 * request must bring the same reply, but for what belongs to the moment (ports, the node's id) and for the closer
 * nodes, of which ours names the nearest, nearest first.
 */
import b4a from 'b4a'
import test from 'brittle'
import type { Assert } from 'brittle'
import { DHT } from '../../index.js'
import { compareDistance, idFromAddress } from '../../lib/primitives/id.js'
import type { Request } from '../../lib/rpc/request.js'
import { writeAddress, writeU16 } from '../../lib/wire/bytes.js'
import { decodeRequest, encodeRequest } from '../../lib/wire/request.js'
import { decodeResponse, encodeResponse } from '../../lib/wire/response.js'
import { parseIPv4 } from '../../lib/primitives/address.js'
import { freePort, HOST } from '../helpers/nodes.js'
import { RawSocket } from '../helpers/raw-socket.js'
import { ScriptedRandom, ShiftedClock } from '../helpers/scripted.js'
import { until } from '../helpers/until.js'
import { loadVectors } from '../vectors/load.js'
import { fromHex, requestOf, responseOf, toHex, type VectorAddress } from '../wire/messages.js'

interface Exchange {
  name: string
  request: string
  reply: string | null
  replyOnOtherPort: string | null
  socket?: 'client'
  entersTable?: boolean
}

const vectors = loadVectors<{
  nodeId: string
  secrets: { previous: string; current: string }
  tableNodes: VectorAddress[]
  vectors: Exchange[]
  observed: { name: string; hex: string }[]
}>('loopback')

/** Where the fields of a request without odd flags are. */
const TO_AT = 4
const ID_AT = 10
const COMMAND_HELLO = '0300aaaa7f000001000014'

/** Secrets change after this; the clock is moved by it once. */
const ROTATE_MS = 30_000

/** Far enough off not to mix with what is replayed. */
const NEVER_MS = 2 ** 30

const PATIENCE_MS = 10_000

/** Our node in the place of theirs, with its secrets and contacts, and the sockets it talks to. */
class Rig {
  readonly client: RawSocket
  readonly other: RawSocket
  readonly node: DHT
  readonly clock: ShiftedClock

  constructor(node: DHT, clock: ShiftedClock, client: RawSocket, other: RawSocket) {
    this.node = node
    this.clock = clock
    this.client = client
    this.other = other
  }

  static async start(t: Assert): Promise<Rig> {
    const client = await RawSocket.open(t)
    const other = await RawSocket.open(t)
    const clock = new ShiftedClock()
    const random = new ScriptedRandom(vectors.secrets.previous, vectors.secrets.current)
    const options = {
      host: HOST,
      clock,
      random,
      pingIntervalMs: NEVER_MS,
      refreshIntervalMs: NEVER_MS,
      // The test answers by hand, which on a busy machine takes longer than an answer of a node.
      adaptiveTimeout: { min: PATIENCE_MS, max: PATIENCE_MS, initial: PATIENCE_MS },
    }
    const node = DHT.bootstrapper(await freePort(), HOST, options)
    t.teardown(async () => node.destroy())
    await node.fullyBootstrapped()
    node.on('request', (request) => answer(request, other.address))
    for (const contact of vectors.tableNodes) node.addNode(contact)
    return new Rig(node, clock, client, other)
  }

  /** The captured request as this client would have sent it to this node. */
  requestOf({ request, name }: Exchange): Uint8Array {
    const bytes = fromHex(request.replaceAll(vectors.nodeId, toHex(this.node.id!)))
    writeAddress(bytes, TO_AT, parseIPv4(HOST), this.node.port)
    if (name === 'PING_NAT to second socket') writeU16(bytes, bytes.length - 2, this.other.address.port)
    if (name === 'PING with valid id (sender enters the table)') bytes.set(this.clientId, ID_AT)
    return bytes
  }

  get clientId(): Uint8Array {
    return idFromAddress(HOST, this.client.address.port)
  }

  /** The captured reply as this node has to send it. */
  replyOf(captured: string, request: Uint8Array, to: RawSocket): string {
    const bytes = fromHex(captured)
    const message = decodeResponse(bytes)!
    const fields = responseOf(bytes, message)
    fields.port = to.address.port
    if (fields.id !== null) fields.id = this.node.id
    if (message.closerAt !== -1) fields.closer = this.#nearest(request)
    return toHex(encodeResponse(fields))
  }

  #nearest(request: Uint8Array): { ip: number; port: number }[] {
    const target = requestOf(request, decodeRequest(request)!).target!
    return this.node.table
      .toArray()
      .sort((a, b) => compareDistance(target, a.id, b.id))
      .slice(0, 20)
  }
}

function answer(request: Request, to: VectorAddress): void {
  const { command } = request
  const x = b4a.from('x')
  if (command === 20) request.reply(b4a.from('hello'))
  else if (command === 21) request.reply(null)
  else if (command === 22) request.reply(x, { token: false })
  else if (command === 23) request.reply(x, { closerNodes: false })
  else if (command === 24) request.error(16)
  else if (command === 25) request.error(17, { token: true })
  else if (command === 26) request.error(300, { closerNodes: false })
  else if (command === 27) request.reply(request.value)
  else if (command === 28) request.reply(b4a.from('to other port'), { to })
}

test('vectors: every captured request gets the captured reply', async (t) => {
  const rig = await Rig.start(t)
  const { client, other, node, clock } = rig
  await client.send(fromHex(COMMAND_HELLO), node.port)
  await client.next('a token of the first secret')
  clock.forward(ROTATE_MS)

  for (const row of vectors.vectors) {
    if (row.entersTable) continue // brings a question of ours as well: the next test
    const port = row.socket === 'client' ? node.clientSocket!.address()!.port : node.port
    const request = rig.requestOf(row)
    await client.send(request, port)
    // A delayed reply comes after that to the PING that marks the end, so a reply that must come is waited for.
    const expected = row.reply === null ? [] : [rig.replyOf(row.reply, request, client)]
    const actual = row.reply === null ? [] : [await client.next(row.name)]
    actual.push(...(await client.settled(port)))
    t.alike(actual.map(toHex), expected, row.name)
    if (row.replyOnOtherPort !== null) {
      const reply = await other.next(row.name)
      t.is(toHex(reply), rig.replyOf(row.replyOnOtherPort, request, other), `${row.name}: on the other port`)
    }
    t.is(other.received.length, 0, `${row.name}: nothing else`)
  }
})

test('vectors: a sender that names its id enters the table once it has answered', async (t) => {
  const rig = await Rig.start(t)
  const { client, node, clientId } = rig
  const unidentified = vectors.vectors.find(({ name }) => name === 'PING')!
  await client.send(rig.requestOf(unidentified), node.port)
  t.is((await client.settled(node.port)).length, 1, 'without an id it is not even asked')
  t.absent(node.table.has(clientId))

  const identified = vectors.vectors.find(({ entersTable }) => entersTable)!
  await client.send(rig.requestOf(identified), node.port)
  const sent = await client.settled(node.port)
  const request = rig.requestOf(identified)
  t.alike(sent.filter(isResponse).map(toHex), [rig.replyOf(identified.reply!, request, client)])
  const question = sent.find((bytes) => !isResponse(bytes))!
  t.absent(node.table.has(clientId), 'not on its word')
  const { tid } = decodeRequest(question)!
  const fields = { tid, ip: parseIPv4(HOST), port: node.port, token: null, closer: [], error: 0, value: null }
  await client.send(encodeResponse({ ...fields, id: clientId }), node.port)
  await until(() => node.table.has(clientId), 'in the table')
  t.ok(node.table.has(clientId), 'on its answer')
})

test('vectors: our requests are those that were observed', async (t) => {
  const { node, client } = await Rig.start(t)
  const to = client.address
  const observed = new Map(vectors.observed.map(({ name, hex }) => [name, fromHex(hex)]))
  const fieldsOf = (bytes: Uint8Array) => requestOf(bytes, decodeRequest(bytes)!)
  const full = fieldsOf(observed.get('request')!)
  const { token } = fieldsOf(observed.get('request with token')!)
  const once = { retry: false }
  const calls = new Map<string, () => Promise<unknown>>([
    ['ping', async () => node.ping(to, once)],
    ['ping size 16', async () => node.ping(to, { ...once, size: 16 })],
    ['delayedPing 250', async () => node.delayedPing(to, 250, once)],
    ['request', async () => node.request({ command: 300, target: full.target, value: b4a.from('abc') }, to, once)],
    ['request with token', async () => node.request({ command: 1, token }, to, once)],
    ['request empty value', async () => node.request({ command: 1, value: b4a.alloc(0) }, to, once)],
    [
      'request from client socket',
      async () => node.request({ command: 1 }, to, { ...once, socket: node.clientSocket }),
    ],
  ])
  t.alike([...calls.keys()], [...observed.keys()])
  for (const [name, call] of calls) {
    const settled = call()
    const actual = await client.next(name)
    const expected = fieldsOf(observed.get(name)!)
    const { tid } = decodeRequest(actual)!
    const id = expected.id === null ? null : node.id
    t.is(toHex(actual), toHex(encodeRequest({ ...expected, tid, port: to.port, id })), name)
    const from = name.endsWith('client socket') ? node.clientSocket!.address()!.port : node.port
    const fields = { tid, ip: parseIPv4(HOST), port: from, id: null, token: null, closer: [], error: 0, value: null }
    await client.send(encodeResponse(fields), from)
    await settled
  }
})

function isResponse(bytes: Uint8Array): boolean {
  return bytes[0] === 0x13
}
