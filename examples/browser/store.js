/** Values under their own hash, the same code in pages and in Node.js. */
const PUT = 10
const GET = 11

const MAX_VALUES = 10_000
const MAX_VALUE_BYTES = 900

const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
const toHex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
const fromHex = (text) => Uint8Array.from(text.match(/../g) ?? [], (byte) => parseInt(byte, 16))

/** Keeps values for others. */
export function serveValues(node) {
  /** @type {Map<string, Uint8Array>} */
  const values = new Map()
  node.on('request', async (req) => {
    if (req.target === null || (req.command !== PUT && req.command !== GET)) return
    const key = toHex(req.target)
    const { token, value } = req
    if (req.command === GET) {
      req.reply(values.get(key) ?? null)
    } else if (token === null || value === null) {
      req.reply(null)
    } else if (value.length > MAX_VALUE_BYTES || values.size >= MAX_VALUES || toHex(await sha256(value)) !== key) {
      // Whoever reads checks the hash, but nobody has to keep what is wrong.
      req.error(16)
    } else {
      values.set(key, Uint8Array.from(value))
      req.reply(null)
    }
  })
}

/** Writes a text. @returns its key, in hex, and how many nodes keep it */
export async function put(node, text) {
  const value = new TextEncoder().encode(text)
  const target = await sha256(value)
  const query = node.query({ target, command: PUT, value }, { commit: true })
  await query.finished()
  return { key: toHex(target), copies: query.commits.filter(({ ok }) => ok).length }
}

/** Reads a text; null when nobody has it. */
export async function get(node, key) {
  for await (const { value } of node.query({ target: fromHex(key), command: GET })) {
    if (value !== null && toHex(await sha256(value)) === key) return new TextDecoder().decode(value)
  }
  return null
}
