import { hash, startNetwork, startVisitor, stop } from '../network.js'

const PUT = 0
const GET = 1

function keepValues(node) {
  const values = new Map()
  node.on('request', (req) => {
    const key = Buffer.from(req.target).toString('hex')
    if (req.command === PUT && req.token !== null) values.set(key, req.value)
    req.reply(values.get(key))
  })
}

const nodes = await startNetwork(300, keepValues)
const value = Buffer.from('tomato soup')
const target = hash(value) // the value is its own key

const writer = await startVisitor()
const put = writer.query({ target, command: PUT, value }, { commit: true })
await put.finished()
const holders = put.closestNodes.map(({ port }) => port)
console.log(`written to ${holders.length} nodes`)
await writer.destroy()

const dying = nodes.slice(1).filter(({ port }) => holders.slice(0, 10).includes(port))
await stop(dying)
console.log(`the ${dying.length} closest of them died`)

const reader = await startVisitor()
await read('until somebody has it', true)
await read('to the end', false)
await stop([reader, ...nodes])

async function read(title, stopEarly) {
  const startedAt = performance.now()
  let replies = 0
  let found = 0
  for await (const reply of reader.query({ target, command: GET })) {
    replies++
    // Anybody can send anything, but only the right value has this hash.
    if (reply.value === null || !hash(reply.value).equals(target)) continue
    if (found++ === 0) console.log(`port ${reply.from.port} says: ${Buffer.from(reply.value)}`)
    if (stopEarly) break
  }
  const ms = Math.round(performance.now() - startedAt)
  console.log(`${title}: replies ${replies}, with the value ${found}, time ${ms} ms`)
}
