/**
 * A chat room without a server, the same code in pages and in Node.js: members announce themselves at the nodes closest to
 * hash(room), ask there who else is in, and talk to each of them directly.
 */
const ANNOUNCE = 0
const LIST = 1
const SAY = 2

/** Time after which an announcement is forgotten, and between two of them. */
const LIFETIME_MS = 6000
const RENEW_MS = 1500
const MAX_MEMBERS = 20
const MAX_ROOMS = 1000
const MAX_TEXT_BYTES = 500

const encode = (value) => new TextEncoder().encode(JSON.stringify(value))
const decode = (bytes) => JSON.parse(new TextDecoder().decode(bytes))

/** The key of a room: 32 bytes. */
async function keyOf(room) {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(`chat ${room}`)))
}

/** Keeps announcements for others, as every node of the network does. */
export function serve(node) {
  /** @type {Map<string, Map<string, { name: string, host: string, port: number, until: number }>>} */
  const rooms = new Map()
  node.on('request', (req) => {
    if (req.target === null || (req.command !== ANNOUNCE && req.command !== LIST)) return
    const key = req.target.join()
    const members = rooms.get(key) ?? new Map()
    if (req.command === ANNOUNCE && req.token !== null && req.value?.length <= MAX_TEXT_BYTES) {
      const { host, port } = req.from
      const address = `${host}:${port}`
      if (members.has(address) || members.size < MAX_MEMBERS) {
        members.set(address, {
          name: new TextDecoder().decode(req.value),
          host,
          port,
          until: performance.now() + LIFETIME_MS,
        })
      }
      if (rooms.has(key) || rooms.size < MAX_ROOMS) rooms.set(key, members)
    }
    for (const [address, { until }] of members) if (until < performance.now()) members.delete(address)
    req.reply(encode([...members.values()].map(({ name, host, port }) => [name.slice(0, 20), host, port])))
  })
}

/**
 * Enters a room.
 *
 * @param node a node that has joined
 * @param {{ room: string, name: string, onMessage(from: string, text: string): void, onMembers(names: string[]): void }} options
 */
export async function enter(node, { room, name, onMessage, onMembers }) {
  const target = await keyOf(room)
  /** @type {Map<string, { name: string, host: string, port: number }>} */
  let members = new Map()
  /** Our own address, as the others see it: names may be the same. */
  let own = ''
  let isOpen = true

  node.on('request', (req) => {
    if (req.command !== SAY || req.value === null) return
    try {
      const { from, text } = decode(req.value)
      onMessage(String(from), String(text))
    } catch {
      // no message of ours
    }
    req.reply(null)
  })

  async function renew() {
    const value = new TextEncoder().encode(name)
    const query = node.query({ target, command: ANNOUNCE, value }, { commit: true })
    const found = new Map()
    for await (const { value: list, to } of query) {
      own = `${to.host}:${to.port}`
      try {
        for (const [who, host, port] of decode(list)) found.set(`${host}:${port}`, { name: String(who), host, port })
      } catch {
        // a node that answers something else
      }
    }
    members = found
    onMembers([...members.values()].map((member) => member.name).sort())
  }

  const renewing = (async () => {
    while (isOpen) {
      await renew().catch(() => {})
      await new Promise((resolve) => setTimeout(resolve, RENEW_MS))
    }
  })()

  return {
    /** Says something to everybody who is in. */
    async say(text) {
      const value = encode({ from: name, text })
      const others = [...members].filter(([address]) => address !== own).map(([, member]) => member)
      await Promise.allSettled(
        others.map(({ host, port }) => node.request({ target: null, command: SAY, value }, { host, port })),
      )
    },
    async leave() {
      isOpen = false
      await renewing
    },
  }
}
