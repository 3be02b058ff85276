/**
 * A command of one's own, and the four ways in which a call can go wrong: the other side says no (an error number on
 * the reply), its code fails, nobody answers (a DHTError), or the call makes no sense (TypeError, RangeError).
 *
 *     node examples/command-with-errors.js
 */
import DHT, { DHTError } from 'xorpc'
import { freePort, HOST, startNetwork } from './local-network.js'

/** Any number from 0 to 2^53-1. */
const DIVIDE = 100
const CRASH = 101

/** Errors of the application are numbers from 16; those below belong to the protocol. */
const DIVISION_BY_ZERO = 16
const BAD_ARGUMENTS = 17

/** Named, for those who read the logs. */
const NAMES = {
  [DHT.ERROR_UNKNOWN_COMMAND]: 'UNKNOWN_COMMAND',
  [DHT.ERROR_HANDLER_FAILED]: 'HANDLER_FAILED',
  [DIVISION_BY_ZERO]: 'DIVISION_BY_ZERO',
  [BAD_ARGUMENTS]: 'BAD_ARGUMENTS',
}

function serve(node) {
  node.on('request', (req) => {
    switch (req.command) {
      case DIVIDE:
        divide(req)
        break
      case CRASH:
        throw new Error('a bug of ours') // answered for us with HANDLER_FAILED; the node lives on
      default:
        req.error(DHT.ERROR_UNKNOWN_COMMAND)
    }
  })
  node.on('request-error', (error) => console.log(`  at the other side: request-error, ${error}`))
}

function divide(req) {
  // From the network: check everything.
  if (req.value === null || req.value.length !== 8) return req.error(BAD_ARGUMENTS)
  const [a, b] = [Buffer.from(req.value).readInt32LE(0), Buffer.from(req.value).readInt32LE(4)]
  if (b === 0) return req.error(DIVISION_BY_ZERO)
  const answer = Buffer.alloc(8)
  answer.writeDoubleLE(a / b)
  return req.reply(answer)
}

/** Integers as the command wants them. */
function encode(a, b) {
  const value = Buffer.alloc(8)
  value.writeInt32LE(a, 0)
  value.writeInt32LE(b, 4)
  return value
}

async function call(what, node, message, to, options) {
  try {
    const reply = await node.request(message, to, options)
    // A number other than 0 is an answer too: it is the application that knows what it means.
    if (reply.error !== 0) console.log(`${what}: error ${reply.error}, ${NAMES[reply.error]}`)
    else console.log(`${what}: ${Buffer.from(reply.value).readDoubleLE()}`)
  } catch (error) {
    const isFailure = error instanceof DHTError // else it is a mistake in this program
    console.log(`${what}: ${isFailure ? `DHTError ${error.code}` : String(error)}`)
  }
}

const network = await startNetwork(2, serve)
const [, server, client] = network.nodes

await call('84 / 2', client, { command: DIVIDE, value: encode(84, 2) }, server)
await call('84 / 0', client, { command: DIVIDE, value: encode(84, 0) }, server)
await call('no arguments', client, { command: DIVIDE }, server)
await call('a crash', client, { command: CRASH }, server)
await call('command 102', client, { command: 102 }, server)
const nobody = { host: HOST, port: await freePort() }
await call('nobody there', client, { command: DIVIDE, value: encode(1, 1) }, nobody, { retry: false })
await call('too large', client, { command: DIVIDE, value: Buffer.alloc(5000) }, server)
// What TypeScript would refuse is refused at run time too.
await call('no bytes', client, { command: DIVIDE, value: '84 / 2' }, server)

await network.destroy()
