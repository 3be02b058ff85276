/**
 * Pages that are nodes: a small network, a gateway on the HTTP server that serves the pages, and a member of the chat room
 * in this process. Open the addresses that it prints, the first one in two tabs; Ctrl-C ends it.
 *
 *     npm run build && npm run build:browser && node examples/browser/server.js [port]
 */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { Gateway } from 'xorpc/gateway'
import { createTestnet } from 'xorpc/testnet'
import { enter, serve } from './chat.js'
import { serveValues } from './store.js'

const HOST = '127.0.0.1'
const TYPES = { html: 'text/html', js: 'text/javascript', css: 'text/css', json: 'application/json' }
const FILES = ['chat.html', 'chat.js', 'store.html', 'store.js', 'embed.html', 'page.css']
/** The package in one file, for pages that are not built. */
const BUNDLE = new URL('../../dist/browser/xorpc.js', import.meta.url)
if (!existsSync(BUNDLE)) {
  console.error('The pages load dist/browser/xorpc.js, which is not there yet: npm run build:browser')
  process.exit(1)
}

const testnet = await createTestnet(10)
const member = await testnet.createNode()
for (const node of testnet.nodes) {
  serve(node)
  serveValues(node)
}

const gateway = new Gateway({ host: HOST, allow: ['loopback'] })
const server = createServer(async (request, response) => {
  const name = (request.url ?? '/').slice(1).split('?', 1)[0] || 'chat.html'
  const type = TYPES[name.split('.').pop()]
  try {
    const body = await bodyOf(name)
    response.writeHead(200, { 'Content-Type': type }).end(body)
  } catch {
    response.writeHead(404).end('not found\n')
  }
})
gateway.attach(server, { path: '/dht' })
await new Promise((resolve) => server.listen(Number(process.argv[2] ?? 0), HOST, () => resolve(null)))
const { port } = server.address()

/** @param {string} name */
async function bodyOf(name) {
  if (name === 'network.json') {
    return JSON.stringify({ gateway: `ws://${HOST}:${port}/dht`, bootstrap: testnet.bootstrap })
  }
  if (name === 'xorpc.js') return readFile(BUNDLE)
  if (!FILES.includes(name)) throw new Error('none of ours')
  return readFile(new URL(name, import.meta.url))
}

const room = await enter(member, {
  room: 'lobby',
  name: 'node',
  onMessage: (from, text) => {
    console.log(`${from}: ${text}`)
    void room.say(`${from}, you said: ${text}`)
  },
  onMembers: () => {},
})

for (const page of ['chat.html', 'store.html', 'embed.html']) console.log(`http://${HOST}:${port}/${page}`)

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    await room.leave()
    await gateway.close({ withinMs: 0 })
    server.close()
    server.closeAllConnections()
    await testnet.destroy()
  })
}
