/**
 * A node inside an application: a web server on this machine whose /put and /get go to the network, and that leaves
 * in good order when it is told to.
 *
 *     node examples/embed-in-app.js          tries itself out, and stops
 *     node examples/embed-in-app.js --stay   runs until SIGTERM or Ctrl-C
 */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { startNetwork, HOST } from './local-network.js'

const PUT = 0
const GET = 1
const MAX_BYTES = 1000 // fits a datagram
const MAX_VALUES = 1000

const hash = (value) => createHash('sha256').update(value).digest()

/** What this node keeps for others. */
function serve(node) {
  const values = new Map()
  node.on('request', (req) => {
    const key = Buffer.from(req.target ?? []).toString('hex')
    if (req.command === GET) return req.reply(values.get(key))
    const isRight = req.token !== null && req.value !== null && hash(req.value).equals(req.target)
    if (isRight && (values.size < MAX_VALUES || values.has(key))) values.set(key, req.value)
    return req.reply()
  })
}

async function readBody(incoming) {
  const chunks = []
  let sizeBytes = 0
  for await (const chunk of incoming) {
    sizeBytes += chunk.length
    if (sizeBytes > MAX_BYTES) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** @returns {Promise<[number, string | Uint8Array]>} */
async function answer(node, incoming, signal) {
  const [, route, hex] = incoming.url.split('/')
  if (route === 'put' && incoming.method === 'POST') {
    const value = await readBody(incoming)
    if (value === null) return [413, `more than ${MAX_BYTES} bytes`]
    const target = hash(value)
    await node.query({ target, command: PUT, value }, { commit: true, signal, deadlineMs: 10_000 }).finished()
    return [200, target.toString('hex')]
  }
  if (route === 'get' && /^[0-9a-f]{64}$/.test(hex)) {
    const target = Buffer.from(hex, 'hex')
    for await (const { value } of node.query({ target, command: GET }, { signal, deadlineMs: 10_000 })) {
      if (value !== null && hash(value).equals(target)) return [200, value]
    }
  }
  return [404, 'not found']
}

const network = await startNetwork(20, serve) // yours is out there; a program of its own has one node only
const node = network.createNode()
await node.fullyBootstrapped()

const server = createServer((incoming, response) => {
  // Whoever closes the page is not worked for any longer.
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  answer(node, incoming, gone.signal)
    .then(([status, body]) => response.writeHead(status).end(body))
    .catch((error) => response.writeHead(502).end(`${error.code ?? error.name}`))
})
server.listen(0, HOST)
await once(server, 'listening')
const address = server.address()
const url = `http://${HOST}:${typeof address === 'object' ? address?.port : ''}`

/** First no new callers, then the node: those being served may finish. No `process.exit`: nothing is left that runs. */
async function shutDown(signal) {
  console.log(`${signal}: shutting down`)
  server.close()
  await once(server, 'close')
  // Where `await using node = new DHT()` exists (Node.js 24), Symbol.asyncDispose calls destroy at the block's end.
  await node.destroy()
  await network.destroy()
  console.log('stopped')
}
process.once('SIGTERM', shutDown)
process.once('SIGINT', shutDown)
console.log(`listening at ${url}`)

if (!process.argv.includes('--stay')) {
  const put = await fetch(`${url}/put`, { method: 'POST', body: 'kept by the network' })
  const key = await put.text()
  console.log(`POST /put: ${put.status} ${key.slice(0, 16)}…`)
  const get = await fetch(`${url}/get/${key}`)
  console.log(`GET /get/${key.slice(0, 16)}…: ${get.status} "${await get.text()}"`)
  const missing = await fetch(`${url}/get/${'0'.repeat(64)}`)
  console.log(`GET /get/0000000000000000…: ${missing.status} "${await missing.text()}"`)
  const large = await fetch(`${url}/put`, { method: 'POST', body: 'x'.repeat(MAX_BYTES + 1) })
  console.log(`POST /put of ${MAX_BYTES + 1} bytes: ${large.status} "${await large.text()}"`)
  process.kill(process.pid, 'SIGTERM') // as a service manager does it
}
