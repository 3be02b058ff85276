/**
 * Giving up: one session for what belongs together, a signal for what the user can cancel, a deadline for what must
 * be over in time. Every way tells by its error which one it was.
 *
 *     node examples/sessions-and-abort.js
 */
import { createHash } from 'node:crypto'
import DHT, { DHTError } from 'xorpc'
import { freePort, HOST, startNetwork } from './local-network.js'

const NEVER_ANSWERED = 0

/** Listens, and lets everyone wait. */
function serve(node) {
  node.on('request', () => {})
}

/** What became of some promises, as their errors say: a DHTError by its code, others by their name. */
async function print(what, promises) {
  const results = await Promise.allSettled(promises)
  const names = results.map((result) => {
    if (result.status === 'fulfilled') return 'done'
    return result.reason instanceof DHTError ? result.reason.code : result.reason.name
  })
  console.log(`${what}: ${names.join(', ')}`)
}

const network = await startNetwork(10, serve)
const [, silent, node] = network.nodes
const message = { command: NEVER_ANSWERED }
const target = createHash('sha256').update('anything').digest()

// A session ends all it started, the query as well as the single requests, and nothing else.
const session = node.session()
const inSession = [session.request(message, silent), session.request(message, silent)]
const query = session.query({ ...message, target }).finished()
const outside = node.ping(silent)
session.destroy()
await print('session.destroy()', [...inSession, query])
await print('outside of it', [outside])

// With an error of one's own, callers can tell why. The session can be used again.
const closed = session.request(message, silent)
session.destroy(new Error('the window was closed'))
await closed.catch((error) => console.log(`session.destroy(error): ${error.message}`))
await print('the same session again', [session.ping(silent)])

// An AbortSignal, as fetch and others take it.
const controller = new AbortController()
const aborted = node.request(message, silent, { signal: controller.signal })
controller.abort()
await print('controller.abort()', [aborted])
await print('AbortSignal.timeout(50)', [node.request(message, silent, { signal: AbortSignal.timeout(50) })])

// A deadline counts from the call, whatever retries would still be to come.
await print('deadlineMs: 50', [node.request(message, silent, { deadlineMs: 50 })])
await print('deadlineMs of a query', [node.query({ ...message, target }, { deadlineMs: 50 }).finished()])

// Nobody at the address to join through: after some tries a node goes on alone. Whoever starts it need not wait.
const lonely = new DHT({ host: HOST, bootstrap: [{ host: HOST, port: await freePort() }] })
await print('deadlineMs to join', [lonely.fullyBootstrapped({ deadlineMs: 50 })])
await lonely.destroy()

// Leaving the loop ends a query: what is still on the way is taken back.
let replies = 0
for await (const reply of node.findNode(target)) {
  if (reply.error === 0 && ++replies === 3) break
}
console.log(`left the loop after ${replies} replies, queries still running: ${node.stats.queries.active}`)

// Last of all: a node that is destroyed fails what it has under way, and what it is asked to do later.
const unanswered = print('node.destroy()', [node.request(message, silent)])
await node.destroy()
await unanswered
await print('after it', [node.ping(silent)])

await network.destroy()
