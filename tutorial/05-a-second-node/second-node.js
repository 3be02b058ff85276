import DHT from 'xorpc'

const PORT = Number(process.env.TUTORIAL_PORT ?? 23400)
const bootstrap = [{ host: '127.0.0.1', port: PORT }]

const bootstrapper = DHT.bootstrapper(PORT, '127.0.0.1', { host: '127.0.0.1' })
await bootstrapper.fullyBootstrapped()

const first = new DHT({ host: '127.0.0.1', bootstrap, stableAfterMs: 1000 })
await heard(bootstrapper)
console.log('the first node is persistent')

const second = new DHT({ host: '127.0.0.1', bootstrap, ephemeral: false })
second.on('persistent', () => console.log('the second node is persistent'))
second.on('ready', () => console.log('the second node is ready'))
await Promise.all([heard(first), heard(bootstrapper), second.fullyBootstrapped()])

const names = new Map([
  [PORT, 'the bootstrapper'],
  [first.port, 'the first node'],
  [second.port, 'the second node'],
])
for (const node of [bootstrapper, first, second]) {
  const known = node.toArray().map(({ port }) => names.get(port) ?? 'a stranger')
  console.log(names.get(node.port), 'knows', known.sort((a, b) => a.localeCompare(b)).join(' and '))
}

await Promise.all([bootstrapper, first, second].map((node) => node.destroy()))

/** Waits until a node takes another one into its routing table. */
function heard(node) {
  return new Promise((resolve) => node.once('add-node', resolve))
}
