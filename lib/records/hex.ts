/** Bytes as map keys, and in texts. */
import b4a from 'b4a'

/** Lower-case hexadecimal digits of `bytes`. */
export function toHex(bytes: Uint8Array): string {
  return b4a.toString(bytes, 'hex')
}
