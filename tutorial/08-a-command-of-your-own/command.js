import DHT from 'xorpc'

const PORT = Number(process.env.TUTORIAL_PORT ?? 23400)

// The commands of this application, and an error of its own. Numbers below 16 are the protocol's errors.
const REVERSE = 0
const ERROR_NO_TEXT = 16

const bootstrapper = DHT.bootstrapper(PORT, '127.0.0.1', { host: '127.0.0.1' })
await bootstrapper.fullyBootstrapped()

bootstrapper.on('request', (req) => {
  if (req.command !== REVERSE) return req.error(DHT.ERROR_UNKNOWN_COMMAND)
  if (req.value === null) return req.error(ERROR_NO_TEXT)
  const text = Buffer.from(req.value).toString()
  req.reply(Buffer.from([...text].reverse().join('')))
})

const node = new DHT({ host: '127.0.0.1', bootstrap: [{ host: '127.0.0.1', port: PORT }] })

await ask('a text', { command: REVERSE, value: Buffer.from('never odd or even!') })
await ask('no text', { command: REVERSE })
await ask('what it does not know', { command: 99 })

await node.destroy()
await bootstrapper.destroy()

async function ask(what, message) {
  const reply = await node.request(message, bootstrapper)
  const text = reply.value && Buffer.from(reply.value).toString()
  console.log(`${what}: error ${reply.error}, value ${text}`)
}
