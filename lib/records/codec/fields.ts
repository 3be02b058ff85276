/** Messages as fields one after the other, in the encodings of compact-encoding, which HyperDHT's formats are defined in. */
import b4a from 'b4a'
import c from 'compact-encoding'

/** One field: its encoding and its value. */
export type Field = readonly [encoding: Encoding, value: never]

type Encoding = Pick<c.Encoder<never>, 'preencode' | 'encode'>

function field<T>(encoding: Pick<c.Encoder<T>, 'preencode' | 'encode'>, value: T): Field {
  return [encoding, value as never]
}

export const byte = (value: number): Field => field(c.uint8, value)

/** A variable-length integer, 0 to 2^53-1. */
export const uint = (value: number): Field => field(c.uint, value)

/** Bytes as they are. */
export const raw = (bytes: Uint8Array): Field => field(c.raw, bytes)

/**
 * Bytes with their number in front, as `buffer` of compact-encoding has them; that one makes a view of what it writes, which
 * takes longer than the rest of a record.
 */
export const SIZED = {
  preencode(state: c.State, bytes: Uint8Array): void {
    c.uint.preencode(state, bytes.length)
    state.end += bytes.length
  },
  encode(state: c.State, bytes: Uint8Array): void {
    c.uint.encode(state, bytes.length)
    c.raw.encode(state, bytes)
  },
}

export const sized = (bytes: Uint8Array): Field => field(SIZED, bytes)

/** UTF-8 with its bytes' number in front. */
export const text = (value: string): Field => field(c.utf8, value)

const FIELDS = {
  preencode(state: c.State, fields: readonly Field[]): void {
    for (const [encoding, value] of fields) encoding.preencode(state, value)
  },
  encode(state: c.State, fields: readonly Field[]): void {
    for (const [encoding, value] of fields) encoding.encode(state, value)
  },
}

/** The fields, in a buffer of their own. */
export function encodeFields(fields: readonly Field[]): Uint8Array {
  return encodeWith(FIELDS, fields)
}

/** `encode` of compact-encoding, for what is read in another way. */
export function encodeWith<T>(encoding: Pick<c.Encoder<T>, 'preencode' | 'encode'>, value: T): Uint8Array {
  const state = c.state()
  encoding.preencode(state, value)
  const bytes = b4a.allocUnsafe(state.end)
  state.buffer = bytes
  encoding.encode(state, value)
  return bytes
}
