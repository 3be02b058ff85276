import DHT from 'xorpc'

const PORT = Number(process.env.TUTORIAL_PORT ?? 23400)

const one = DHT.bootstrapper(PORT, '127.0.0.1', { host: '127.0.0.1' })
const other = DHT.bootstrapper(PORT + 1, '127.0.0.1', { host: '127.0.0.1' })

for (const node of [one, other]) {
  await node.fullyBootstrapped()
  console.log(`${node.host}:${node.port} has the id ${toHex(node.id)}`)
}
console.log('nodes they know:', one.table.size, 'and', other.table.size)

await one.destroy()
await other.destroy()

function toHex(id) {
  return id === null ? 'none' : Buffer.from(id).toString('hex')
}
