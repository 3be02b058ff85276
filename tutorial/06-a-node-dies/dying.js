import DHT from 'xorpc'

const PORT = Number(process.env.TUTORIAL_PORT ?? 23400)
const settings = {
  host: '127.0.0.1',
  refreshIntervalMs: 1000, // 5 minutes, if you leave it out
}

const bootstrapper = DHT.bootstrapper(PORT, '127.0.0.1', settings)
await bootstrapper.fullyBootstrapped()
const bootstrap = [{ host: '127.0.0.1', port: PORT }]
const first = new DHT({ ...settings, bootstrap, ephemeral: false })
await first.fullyBootstrapped()
const second = new DHT({ ...settings, bootstrap, ephemeral: false })
await Promise.all([arrival(bootstrapper), arrival(first), second.fullyBootstrapped()])
printTables()

console.log('the second node dies')
const diedAt = Date.now()
const noticed = [departure('the bootstrapper', bootstrapper), departure('the first node', first)]
await second.destroy()
printTables()

await Promise.all(noticed)
printTables()
await first.destroy()
await bootstrapper.destroy()

/** Waits until a node has the second one in its table. */
function arrival(node) {
  return new Promise((resolve) => {
    node.on('add-node', ({ port }) => {
      if (port === second.port) resolve(port)
    })
  })
}

/** Waits until a node has thrown one out of its table. */
async function departure(name, node) {
  await new Promise((resolve) => node.once('remove-node', resolve))
  console.log(`${name} noticed after ${((Date.now() - diedAt) / 1000).toFixed(1)} s`)
}

function printTables() {
  console.log(`the bootstrapper knows ${bootstrapper.table.size}, the first node knows ${first.table.size}`)
}
