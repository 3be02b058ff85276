// A command of this application, and an error of its own.
const REVERSE = 0
const ERROR_NO_TEXT = 16

await startNetwork(0)
const server = await bootstrapper()
server.on('request', (req) => {
  if (req.command !== REVERSE) return req.error(DHT.ERROR_UNKNOWN_COMMAND)
  if (req.value === null) return req.error(ERROR_NO_TEXT)
  req.reply(toBytes([...toText(req.value)].reverse().join('')))
})

const node = await startNode()
speed(0.25)
for (const [what, message] of [
  ['a text', { command: REVERSE, value: toBytes('never odd or even!') }],
  ['no text', { command: REVERSE }],
  ['what it does not know', { command: 99 }],
]) {
  const reply = await node.request(message, server)
  console.log(`${what}: error ${reply.error}, value ${toText(reply.value)}`)
}
