/** Child process: its node gets no port, is never destroyed, and must not keep it alive. */
import { DHT } from '../../../index.js'
import { freePort, HOST } from '../../helpers/nodes.js'

const port = await freePort()
const first = new DHT({ host: HOST, bootstrap: [], port: [port, port + 1], anyPort: false })
await first.bind()
const second = new DHT({ host: HOST, bootstrap: [], port: [port, port + 1], anyPort: false })
await second.fullyBootstrapped().catch((error: { code: string }) => console.log(error.code))
await first.destroy()
