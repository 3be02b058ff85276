/** What a request of the caller's is made into; the checks of its arguments are in calls.test.ts. */
import test from 'brittle'
import type { Core } from '../../lib/node/core.js'
import {
  checkRequest,
  createDelayedPing,
  createPing,
  type RequestOptions,
  sendRequest,
  sizeOf,
} from '../../lib/node/requests.js'
import { Session } from '../../lib/node/session.js'
import { DHTError } from '../../lib/primitives/errors.js'
import type { Outgoing, SendOptions } from '../../lib/rpc/exchange.js'
import { sendOptions } from '../helpers/exchanges.js'
import { errorOf, rejectionOf } from '../helpers/errors.js'

const TO = { host: '20.0.0.1', port: 5, ip: 20 * 2 ** 24 + 1 }
const HASH = new Uint8Array(32)

const DEFAULTS = sendOptions()

function create(closed: string | null = null, acceptRelayed = false) {
  const sent: { message: Outgoing; options: SendOptions }[] = []
  const core = {
    closed,
    closedError: () => new DHTError('IO_SUSPENDED'),
    config: { acceptRelayed },
    requestOptions: { ...DEFAULTS, relayed: acceptRelayed },
    maxDatagramBytes: 2048,
    clock: {},
    send: (message: Outgoing, options: SendOptions) => {
      sent.push({ message, options })
      return { state: 'sent' }
    },
    cancel: () => {},
  } as unknown as Core
  return { core, sent }
}

test('requests: what is not said is null', (t) => {
  t.alike(checkRequest({ command: 3 }), { internal: false, command: 3, token: null, target: null, value: null })
  const full = { command: 3, token: HASH, target: HASH, value: Uint8Array.of(1) }
  t.alike(checkRequest(full), { internal: false, ...full })
  const empty = { command: 3, token: null, target: null, value: new Uint8Array(0) }
  t.is(checkRequest(empty).value, empty.value, 'an empty value is one')
})

test('requests: a ping is empty, or padded with zeros', (t) => {
  const empty = { internal: true, command: 0, token: null, target: null, value: null }
  t.alike(createPing(undefined, 2048), empty)
  t.alike(createPing(0, 2048), empty)
  t.alike(createPing(3, 2048), { ...empty, value: new Uint8Array(3) })
})

test('requests: a delayed ping carries its delay', (t) => {
  t.alike([...createDelayedPing(0x01020304, 2 ** 31).value!], [4, 3, 2, 1])
  t.alike([...createDelayedPing(0, 0).value!], [0, 0, 0, 0])
  t.is(errorOf(() => createDelayedPing(11, 10))?.message, 'Delay exceeds max delay: 10ms')
})

test('requests: the room kept is that of a node with an id', (t) => {
  t.is(sizeOf(checkRequest({ command: 0 })), 11 + 32)
  t.is(sizeOf(checkRequest({ command: 0, token: HASH, target: HASH, value: new Uint8Array(1000) })), 107 + 3 + 1000)
})

test('requests: without options the shared ones are used', (t) => {
  const { core, sent } = create()
  void sendRequest(core, checkRequest({ command: 3 }), TO, undefined, 0)
  t.is(sent[0]!.options, core.requestOptions)
  t.alike(sent[0]!.message, { ...TO, id: null, internal: false, command: 3, token: null, target: null, value: null })
})

test('requests: options become what the client needs', (t) => {
  const session = new Session(null as never, () => {})
  const socket = { trySend: () => {} } as never
  const rows: [RequestOptions, number, Partial<SendOptions>][] = [
    [{}, 0, {}],
    [{ session: null, socket: null, signal: null }, 0, {}],
    [{ retry: true }, 0, {}],
    [{ retry: false }, 0, { retries: 0 }],
    [{ ttl: 0 }, 0, {}],
    [{ ttl: 255 }, 0, { ttl: 255 }],
    [{ socket }, 0, { socket }],
    [{ session }, 0, { group: session }],
    [{ relayed: true }, 0, { relayed: true }],
    [{}, 500, { retries: 1, timeoutMs: 1500 }],
    [{ retry: false }, 10_000, { retries: 0, timeoutMs: 11_000 }],
  ]
  for (const [options, delayMs, expected] of rows) {
    const { core, sent } = create()
    void sendRequest(core, checkRequest({ command: 3 }), TO, options, delayMs)
    const { group, socket: from, ...rest } = sent[0]!.options
    const { group: wantedGroup, socket: wantedSocket, ...wanted } = { ...DEFAULTS, ...expected }
    t.alike(rest, wanted, Object.keys(options).join(' '))
    t.ok(group === wantedGroup && from === wantedSocket)
  }
})

test('requests: whether relayed answers count is the node’s choice, or the request’s', (t) => {
  for (const [node, request, relayed] of [
    [true, undefined, true],
    [true, false, false],
    [false, true, true],
  ] as const) {
    const { core, sent } = create(null, node)
    void sendRequest(core, checkRequest({ command: 3 }), TO, { relayed: request }, 0)
    t.is(sent[0]!.options.relayed, relayed)
  }
})

test('requests: of a closed node they reject, but what makes no sense still throws', async (t) => {
  const { core, sent } = create('suspended')
  const message = checkRequest({ command: 3 })
  t.is(((await rejectionOf(sendRequest(core, message, TO, undefined, 0))) as DHTError).code, 'IO_SUSPENDED')
  t.ok(errorOf(() => sendRequest(core, message, TO, { ttl: -1 }, 0)) instanceof RangeError)
  const large = checkRequest({ command: 3, value: new Uint8Array(2048) })
  t.ok(errorOf(() => sendRequest(core, large, TO, undefined, 0)) instanceof RangeError)
  t.is(sent.length, 0)
})
