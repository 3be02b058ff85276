/** The example behind nginx: its configuration as it stands, but for ports and the names of files. */
import test, { type Assert } from 'brittle'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import { Gateway, type GatewayServerOptions } from '../../lib/gateway/index.js'
import { SUBPROTOCOL } from '../../lib/transport/tunnel/messages.js'
import { CERTIFICATE, CERTIFICATE_KEY } from '../helpers/certificate.js'
import { NGINX_PATH } from '../tooling/nginx.js'
import { ROOT, runExample } from './run-example.js'

const TIMEOUT = { timeout: 90_000 }
const HOST = '127.0.0.1'

/** Patience with a busy machine. */
const START_MS = 20_000
const RETRY_MS = 50

/** Where tests run as root nginx runs as `nobody`: the example asks for no rights. */
const NOBODY = 65_534

interface Nginx {
  port: number
  certificatePath: string
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** nginx with the example's configuration before a gateway on this port, until the end of the test. */
async function startNginx(t: Assert, gatewayPort: number): Promise<Nginx> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'xorpc-nginx-'))
  const conf = readFileSync(join(ROOT, 'examples/nginx/gateway.conf'), 'utf8')
    .replace('127.0.0.1:8080;', `127.0.0.1:${gatewayPort};`)
    .replace('127.0.0.1:8443 ssl;', `127.0.0.1:${port} ssl;`)
  const temp = join(folder, 'temp')
  const certificatePath = join(folder, 'cert.pem')
  writeFileSync(join(folder, 'nginx.conf'), conf)
  writeFileSync(certificatePath, CERTIFICATE)
  writeFileSync(join(folder, 'key.pem'), CERTIFICATE_KEY)
  mkdirSync(temp)
  const isRoot = process.getuid?.() === 0
  if (isRoot) for (const path of [folder, temp]) chownSync(path, NOBODY, NOBODY)
  const nginx = spawn(NGINX_PATH, ['-p', folder, '-e', 'stderr', '-c', 'nginx.conf'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(isRoot && { uid: NOBODY, gid: NOBODY }),
  })
  const exited = once(nginx, 'exit')
  t.teardown(async () => {
    nginx.kill()
    await exited
    rmSync(folder, { recursive: true, force: true })
  })
  let said = ''
  nginx.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  if (!(await serves(port, nginx))) throw new Error(`nginx does not start: ${said}`)
  return { port, certificatePath }
}

/** Whether the page is there, in the end. */
async function serves(port: number, nginx: ChildProcess): Promise<boolean> {
  const end = Date.now() + START_MS
  while (nginx.exitCode === null && Date.now() < end) {
    if ((await readPage(port)) === 'the page\n') return true
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
  }
  return false
}

async function readPage(port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const asked = request({ host: HOST, port, ca: CERTIFICATE, agent: false }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => (body += text))
      response.on('end', () => resolve(body))
    })
    asked.on('error', () => resolve(null))
    asked.end()
  })
}

test('nginx: the example’s node joins, turns persistent and looks up through it', TIMEOUT, async (t) => {
  const gatewayPort = await freePort()
  const { port, certificatePath } = await startNginx(t, gatewayPort)
  const outcome = await runExample('examples/nginx/through-nginx.js', [`${gatewayPort}`, `${port}`], {
    env: { NODE_EXTRA_CA_CERTS: certificatePath },
  })
  t.is(outcome.stderr, '')
  t.is(outcome.code, 0)
  t.alike(outcome.stdout.trimEnd().split('\n'), [
    'a client of 127.0.0.1',
    'persistent, at the gateway’s address: true',
    'found 5 nodes; an answer: true',
  ])
})

/** A client at an address of this machine. @returns `open`, or the code and reason it is closed with */
async function connectFrom(t: Assert, port: number, localAddress: string): Promise<string> {
  const socket = new WebSocket(`wss://${HOST}:${port}/dht`, [SUBPROTOCOL], {
    ca: CERTIFICATE,
    localAddress,
    // What a client says of itself is not what counts.
    headers: { 'x-forwarded-for': '6.6.6.6' },
  })
  const closed = once(socket, 'close')
  t.teardown(async () => {
    socket.terminate()
    await closed
  })
  await once(socket, 'open')
  // A refusal comes right behind the handshake, an answer to a ping only from who was let in.
  socket.ping()
  const ended = closed.then(([code, reason]) => `${String(code)} ${String(reason)}`)
  return Promise.race([once(socket, 'pong').then(() => 'open'), ended])
}

async function startGateway(t: Assert, options: GatewayServerOptions): Promise<{ gateway: Gateway; port: number }> {
  const gateway = new Gateway({ host: HOST, allow: ['loopback'], maxConnectionsPerAddress: 1, ...options })
  t.teardown(() => gateway.close({ withinMs: 0 }))
  return { gateway, port: (await gateway.listen(0, HOST, { path: '/dht' })).port }
}

test('nginx: clients count for the addresses that they have', TIMEOUT, async (t) => {
  const { gateway, port } = await startGateway(t, { trustedProxies: [HOST] })
  const refused: string[] = []
  gateway.on('refusal', (reason, { address }) => refused.push(`${reason} ${address}`))
  const nginx = await startNginx(t, port)
  t.is(await connectFrom(t, nginx.port, '127.0.0.2'), 'open')
  t.is(await connectFrom(t, nginx.port, '127.0.0.3'), 'open')
  t.is(await connectFrom(t, nginx.port, '127.0.0.2'), '4429 too many connections of this address')
  t.alike(refused, ['tooMany 127.0.0.2'])
  t.is(gateway.stats.connections.unheardProxies, 0)
  t.is(gateway.stats.connections.open, 2)
})

test('nginx: where the gateway is not told of it all clients are one, and it says so', TIMEOUT, async (t) => {
  const { gateway, port } = await startGateway(t, {})
  const warnings: unknown[] = []
  gateway.on('proxy-warning', (warning) => warnings.push(warning))
  const nginx = await startNginx(t, port)
  t.is(await connectFrom(t, nginx.port, '127.0.0.2'), 'open')
  t.is(await connectFrom(t, nginx.port, '127.0.0.3'), '4429 too many connections of this address')
  t.alike(warnings, [{ address: HOST, header: 'x-forwarded-for' }])
  t.is(gateway.stats.connections.unheardProxies, 2)
})
