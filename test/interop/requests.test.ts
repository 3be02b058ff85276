/** Requests between the two implementations, both ways: pings, commands, errors, tokens, delays. */
import b4a from 'b4a'
import test from 'brittle'
import type { Node, Request } from 'dht-rpc'
import { addressOf, BOTH_WAYS, HOST, type Kind, startBootstrapper, startClient } from '../helpers/nodes.js'
import type { Assert } from 'brittle'

const TARGET = b4a.alloc(32, 7)
const VALUE = b4a.from('value')
const ECHO = 100
const NO_TOKEN = 101
const FAIL = 102
const FAIL_WITH_TOKEN = 103
const NOTHING = 104
const EMPTY = 105

/** An asker of one kind and a persistent node of the other, which knows the asker's address only from its requests. */
async function startPair(t: Assert, [asker, answerer]: [Kind, Kind], options = {}): Promise<{ a: Node; b: Node }> {
  const b = await startBootstrapper(t, answerer, options)
  const a = await startClient(t, asker, [b])
  return { a, b }
}

function answer(request: Request): void {
  const { command, value } = request
  if (command === ECHO) request.reply(value)
  else if (command === NO_TOKEN) request.reply(value, { token: false, closerNodes: false })
  else if (command === FAIL) request.error(16)
  else if (command === FAIL_WITH_TOKEN) request.error(300, { token: true, closerNodes: false })
  else if (command === NOTHING) request.reply(null)
  else if (command === EMPTY) request.reply(b4a.alloc(0))
}

for (const pair of BOTH_WAYS) {
  const name = `interop: ${pair.join(' asks ')}`

  test(`${name}: ping, plain and padded`, async (t) => {
    const { a, b } = await startPair(t, pair)
    const plain = await a.ping(addressOf(b))
    t.alike(plain.from, { id: b.id, host: HOST, port: b.port })
    t.is(plain.to.host, HOST)
    t.is(plain.error, 0)
    t.is(plain.token, null)
    t.is(plain.value, null)
    t.is(plain.closerNodes, null)
    const padded = await a.ping(addressOf(b), { size: 1400 })
    t.alike(padded.from.id, b.id)
  })

  test(`${name}: find node`, async (t) => {
    const { a, b } = await startPair(t, pair)
    b.addNode({ host: HOST, port: 1 })
    const query = a.findNode(TARGET, { retries: 0 })
    const replies = []
    for await (const reply of query) replies.push(reply)
    t.is(replies.length, 1)
    t.alike(replies[0]!.from.id, b.id)
    t.alike(
      replies[0]!.closerNodes!.map(({ host, port }) => ({ host, port })),
      [{ host: HOST, port: 1 }],
    )
    t.alike(query.closestNodes, [replies[0]!.from])
  })

  test(`${name}: commands with and without value and target`, async (t) => {
    const { a, b } = await startPair(t, pair)
    const seen: Request[] = []
    b.on('request', (request) => {
      seen.push(request)
      answer(request)
    })
    b.addNode({ host: HOST, port: 1 })
    const ask = async (message: object) => a.request({ command: ECHO, ...message }, addressOf(b))

    const bare = await ask({})
    t.is(bare.value, null)
    t.is(bare.closerNodes, null, 'no target, no nodes')
    t.is(bare.token!.length, 32)
    const valued = await ask({ value: VALUE })
    t.alike(valued.value, VALUE)
    const targeted = await ask({ target: TARGET })
    t.is(targeted.value, null)
    t.is(targeted.closerNodes!.length, 1)
    const both = await ask({ target: TARGET, value: VALUE })
    t.alike(both.value, VALUE)
    const empty = await ask({ value: b4a.alloc(0) })
    t.is(empty.value!.length, 0, 'an empty value is not none')
    const big = await ask({ value: b4a.alloc(1400, 1), target: TARGET })
    t.is(big.value!.length, 1400)

    t.alike(
      seen.map(({ target, value, token }) => [target, value?.length ?? null, token]),
      [
        [null, null, null],
        [null, VALUE.length, null],
        [TARGET, null, null],
        [TARGET, VALUE.length, null],
        [null, 0, null],
        [TARGET, 1400, null],
      ],
    )
    t.is(seen[0]!.from.id, null, 'the asker is ephemeral')
    t.alike(seen[0]!.to, { id: null, ...addressOf(b) })
  })

  test(`${name}: answers with options, errors, command numbers of every width`, async (t) => {
    const { a, b } = await startPair(t, pair)
    const widths = [0, 252, 253, 65535, 65536, 2 ** 32, Number.MAX_SAFE_INTEGER]
    b.on('request', (request) => {
      if (widths.includes(request.command)) request.reply(b4a.from(String(request.command)))
      else answer(request)
    })
    b.addNode({ host: HOST, port: 1 })
    const ask = async (command: number) => a.request({ command, target: TARGET, value: VALUE }, addressOf(b))
    const fields = async (command: number) => {
      const { error, value, token, closerNodes } = await ask(command)
      return [error, value, token !== null, closerNodes?.length ?? 0]
    }
    t.alike(await fields(NO_TOKEN), [0, VALUE, false, 0])
    t.alike(await fields(FAIL), [16, null, false, 1])
    t.alike(await fields(FAIL_WITH_TOKEN), [300, null, true, 0])
    t.alike(await fields(NOTHING), [0, null, true, 1])
    t.alike(await fields(EMPTY), [0, b4a.alloc(0), true, 1])
    for (const command of widths) t.alike((await ask(command)).value, b4a.from(String(command)))
  })

  test(`${name}: unknown command`, async (t) => {
    const { a, b } = await startPair(t, pair)
    const bare = await a.request({ command: ECHO }, addressOf(b))
    t.is(bare.error, 1)
    t.is(bare.token, null)
    t.is(bare.closerNodes, null)
    b.addNode({ host: HOST, port: 1 })
    const targeted = await a.request({ command: ECHO, target: TARGET }, addressOf(b))
    t.is(targeted.error, 1)
    t.is(targeted.closerNodes!.length, 1)
  })

  test(`${name}: tokens, valid and invalid`, async (t) => {
    const { a, b } = await startPair(t, pair)
    const tokens: (Uint8Array | null)[] = []
    b.on('request', (request) => {
      tokens.push(request.token)
      answer(request)
    })
    const { token } = await a.request({ command: ECHO }, addressOf(b))
    const accepted = await a.request({ command: ECHO, token, value: VALUE }, addressOf(b))
    t.is(accepted.error, 0)
    t.alike(tokens, [null, token], 'the application sees it')

    const refused = await a.request({ command: ECHO, token: b4a.alloc(32, 9), value: VALUE }, addressOf(b))
    t.is(refused.error, 2)
    t.is(refused.value, null)
    t.is(tokens.length, 2, 'the application is not asked')
    const renewed = await a.request({ command: ECHO, token: refused.token }, addressOf(b))
    t.is(renewed.error, 0, 'the refusal brings a fresh one')
  })

  test(`${name}: delayed ping`, async (t) => {
    const { a, b } = await startPair(t, pair, { maxPingDelay: 60 })
    const start = performance.now()
    const reply = await a.delayedPing(addressOf(b), 60)
    t.ok(performance.now() - start >= 58, 'timers may be early by a fraction')
    t.alike(reply.from.id, b.id)
    await t.exception(a.delayedPing(addressOf(b), 61, { retry: false }), /REQUEST_TIMEOUT/, 'beyond its limit')
  })
}
