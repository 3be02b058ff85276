/**
 * Who is in the room? Members announce themselves at the nodes closest to hash(room) again and again; whoever stops
 * is forgotten. No server, nobody owns the list.
 *
 *     node examples/presence.js
 */
import { createHash } from 'node:crypto'
import { startNetwork } from './local-network.js'

const ANNOUNCE = 0
const LIST = 1

/** Time after which an announcement is forgotten. A minute or more in practice. */
const LIFETIME_MS = 1500
/** Several announcements within a lifetime: a lost one makes nobody vanish. */
const RENEW_MS = LIFETIME_MS / 5
/** A list must fit a datagram of some 1400 bytes: 20 members of 50 bytes. */
const MAX_MEMBERS = 20
const MAX_NAME_BYTES = 24
const MAX_ROOMS = 1000

const keyOf = (room) => createHash('sha256').update(room).digest()

function serve(node) {
  /** @type {Map<string, Map<string, { name: string, until: number }>>} */
  const rooms = new Map()

  function announce(key, address, name) {
    const members = rooms.get(key) ?? new Map()
    members.delete(address)
    if (members.size < MAX_MEMBERS) members.set(address, { name, until: performance.now() + LIFETIME_MS })
    rooms.delete(key)
    rooms.set(key, members)
    if (rooms.size > MAX_ROOMS) rooms.delete([...rooms.keys()][0]) // the room that was silent for longest
  }

  function list(key) {
    const members = rooms.get(key) ?? new Map()
    for (const [address, { until }] of members) if (until < performance.now()) members.delete(address)
    return [...members].map(([address, { name }]) => ({ name, address }))
  }

  node.on('request', (req) => {
    const key = Buffer.from(req.target ?? []).toString('hex')
    if (req.command === LIST) return req.reply(Buffer.from(JSON.stringify(list(key))))
    // The address is the sender's own, proved by the token, not something it claims.
    if (req.token !== null && req.value !== null && req.value.length <= MAX_NAME_BYTES) {
      announce(key, `${req.from.host}:${req.from.port}`, Buffer.from(req.value).toString())
    }
    return req.reply()
  })
}

/** Announces, and goes on until the function returned is called. */
async function join(node, room, name) {
  const message = { target: keyOf(room), command: ANNOUNCE, value: Buffer.from(name) }
  const announce = () => node.query(message, { commit: true }).finished()
  await announce()
  const timer = setInterval(() => announce().catch(() => {}), RENEW_MS) // the next one may succeed
  return () => clearInterval(timer)
}

/** The names in a room, to be printed. One holder may have missed an announcement, so all of them are asked. */
async function who(node, room) {
  const found = new Map()
  for await (const { value } of node.query({ target: keyOf(room), command: LIST })) {
    for (const { name, address } of JSON.parse(Buffer.from(value).toString())) found.set(address, name)
  }
  return [...found.values()].sort((a, b) => a.localeCompare(b)).join(', ') || 'nobody'
}

const network = await startNetwork(30, serve)
const [ada, bob, cleo, visitor] = network.nodes.slice(-4)

const leave = await Promise.all([join(ada, 'lobby', 'ada'), join(bob, 'lobby', 'bob'), join(cleo, 'lobby', 'cleo')])
console.log(`lobby: ${await who(visitor, 'lobby')}`)
console.log(`kitchen: ${await who(visitor, 'kitchen')}`)

leave[1]() // bob's battery is empty: he announces no more, and says no goodbye
const goneAt = performance.now()
while ((await who(visitor, 'lobby')).includes('bob')) await new Promise((resolve) => setTimeout(resolve, 50))
console.log(
  `lobby: ${await who(visitor, 'lobby')} (bob faded after ${((performance.now() - goneAt) / 1000).toFixed(1)} s)`,
)

for (const stop of leave) stop()
await network.destroy()
