// A command of this application, and an error of its own.
const REVERSE = 0
const ERROR_NO_TEXT = 16

await startNetwork(0)
const server = await bootstrapper()
server.on('request', (req) => {
  if (req.command !== REVERSE) return req.error(DHT.ERROR_UNKNOWN_COMMAND)
  if (req.value === null) return req.error(ERROR_NO_TEXT)
  return req.reply(toBytes(Array.from(toText(req.value)).reverse().join('')))
})

const node = await startNode()
speed(0.25)
await ask('a text', { command: REVERSE, value: toBytes('never odd or even!') })
await ask('no text', { command: REVERSE })
await ask('what it does not know', { command: 99 })

async function ask(what, message) {
  const reply = await node.request(message, server)
  console.log(`${what}: error ${reply.error}, value ${toText(reply.value)}`)
}
