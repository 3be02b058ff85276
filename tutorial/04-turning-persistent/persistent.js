import DHT from 'xorpc'

const PORT = Number(process.env.TUTORIAL_PORT ?? 23400)

const bootstrapper = DHT.bootstrapper(PORT, '127.0.0.1', { host: '127.0.0.1' })
await bootstrapper.fullyBootstrapped()

const node = new DHT({
  host: '127.0.0.1',
  bootstrap: [{ host: '127.0.0.1', port: PORT }],
  stableAfterMs: 1000, // 20 minutes, if you leave it out
})
await node.bind()
console.log('server socket:', node.serverSocket?.address()?.port)
console.log('client socket:', node.clientSocket?.address()?.port)

node.on('nat-update', (host, port) => console.log('others see us at', `${host}:${port}`))
node.on('persistent', () => console.log('persistent now, with the id', toHex(node.id)))

await node.fullyBootstrapped()
console.log('provisional id:', toHex(node.table.id))

const newcomer = await new Promise((resolve) => bootstrapper.once('add-node', resolve))
console.log('the bootstrapper learnt of', newcomer.port, 'with the id', toHex(newcomer.id))
console.log('answers to PING_NAT:', node.stats.commands.pingNat.rx)

await node.destroy()
await bootstrapper.destroy()

/** The first 8 of the 64 digits are enough to tell ids apart. */
function toHex(id) {
  return id === null ? 'none' : Buffer.from(id).toString('hex').slice(0, 8)
}
