import DHT from 'xorpc'

const PORT = Number(process.env.TUTORIAL_PORT ?? 23400)

const bootstrapper = DHT.bootstrapper(PORT, '127.0.0.1', { host: '127.0.0.1' })
await bootstrapper.fullyBootstrapped()

const node = new DHT({ host: '127.0.0.1', bootstrap: [{ host: '127.0.0.1', port: PORT }] })
await node.fullyBootstrapped()

console.log('the node knows:', ports(node))
console.log('the bootstrapper knows:', ports(bootstrapper))
console.log('requests the bootstrapper got:', bootstrapper.stats.datagrams.requests)
console.log('the node is ephemeral:', node.ephemeral)
console.log('its id:', node.id)

await node.destroy()
await bootstrapper.destroy()

/** The ports of the nodes in somebody's routing table. */
function ports(owner) {
  const contacts = owner.toArray()
  return contacts.length === 0 ? 'nobody' : contacts.map(({ port }) => port).join(', ')
}
