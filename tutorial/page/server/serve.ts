/**
 * `npm run tutorial`: builds the page and serves it on this machine only, with a small network of real nodes and a gateway
 * beside it, so that the switch to a real network leads somewhere.
 *
 *     npm run tutorial -- [--port 4173]
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { build, preview } from 'vite'
import { startLocalNetwork } from './local-network.js'
import { pageConfig } from './page-config.js'

const { values } = parseArgs({ options: { port: { type: 'string', default: '4173' } } })

const local = await startLocalNetwork()
const outDir = await mkdtemp(join(tmpdir(), 'xorpc-tutorial-'))
const config = pageConfig({ outDir, local: local.addresses })
await build(config)
const server = await preview({ ...config, preview: { host: '127.0.0.1', port: Number(values.port) } })
console.log(`A local network: ${local.addresses.bootstrap}, through the gateway ${local.addresses.gateway}`)
console.log(`The tutorial: ${server.resolvedUrls?.local[0]}  (Ctrl+C ends it)`)

async function stop(): Promise<void> {
  await server.close()
  await local.close()
  await rm(outDir, { recursive: true, force: true })
  process.exit(0)
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop())
