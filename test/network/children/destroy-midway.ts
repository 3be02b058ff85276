/** Child process: nodes are destroyed at every stage, with everything under way. It must end by itself. */
import { DHT } from '../../../index.js'
import { freePort, HOST } from '../../helpers/nodes.js'

const SILENT = 0
/** The stages of a life fall into the first milliseconds; nodes are destroyed all over them. */
const STAGES = 40

const port = await freePort()
const bootstrapper = DHT.bootstrapper(port, HOST, { host: HOST })
bootstrapper.on('request', () => {}) // lets everyone wait
const options = { host: HOST, bootstrap: [`${HOST}:${port}`], ephemeral: false }
const target = new Uint8Array(32)

/** Everything a node can have under way; all of it may fail, and none of it silently stay. */
function startEverything(node: DHT): Promise<unknown> {
  const to = { host: HOST, port }
  const session = node.session()
  return Promise.allSettled([
    node.fullyBootstrapped(),
    node.request({ command: SILENT }, to),
    session.request({ command: SILENT }, to),
    session.query({ target, command: SILENT }).finished(),
    node.query({ target, command: SILENT }, { commit: true }).finished(),
    node.findNode(target, { deadlineMs: 60_000 }).finished(),
    node.ping({ host: HOST, port: 9 }),
    node.delayedPing(to, 10_000),
    node.refresh(),
  ])
}

async function live(ms: number): Promise<void> {
  const node = new DHT(options)
  const everything = startEverything(node)
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms))
  await node.destroy()
  await everything
}

await Promise.all(Array.from({ length: STAGES }, (_, ms) => live(ms)))

const suspended = new DHT(options)
const suspending = suspended.suspend()
const resuming = suspended.resume()
await suspended.destroy()
await Promise.allSettled([suspending, resuming])
await bootstrapper.destroy()
console.log('destroyed')
