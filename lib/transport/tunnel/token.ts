/** Tokens for a gateway's authorization hook, as they travel: a subprotocol holds few characters. */
import b4a from 'b4a'
import type { GatewayToken } from './options.js'

/** BOUNDED: a token is part of a header, and those of servers end at 16 KiB. */
const MAX_TOKEN_BYTES = 8192

/** The token as base64url, asked for where that takes a function; null where there is none. Rejects as that does. */
export async function encodeToken(token: GatewayToken | null): Promise<string | null> {
  const text = typeof token === 'function' ? await token() : token
  if (text === null || text === undefined) return null
  const bytes = b4a.from(text)
  if (bytes.length > MAX_TOKEN_BYTES) throw new RangeError(`a token has at most ${MAX_TOKEN_BYTES} bytes`)
  return b4a.toString(bytes, 'base64').replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** The text of a token, or null where it is no base64url of one. */
export function decodeToken(encoded: string): string | null {
  if (!/^[A-Za-z0-9_-]*$/.test(encoded)) return null
  return b4a.toString(b4a.from(encoded.replaceAll('-', '+').replaceAll('_', '/'), 'base64'))
}
