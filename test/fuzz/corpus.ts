/** Datagrams to begin with: the requests and responses of the specification, and those that it calls malformed. */
import b4a from 'b4a'
import { loadVectors } from '../vectors/load.js'

interface Row {
  hex: string
}

/** Each datagram once. */
export function loadCorpus(): Uint8Array[] {
  const rows = [
    ...loadVectors<{ vectors: Row[] }>('requests').vectors,
    ...loadVectors<{ vectors: Row[] }>('responses').vectors,
    ...loadVectors<{ vectors: Row[] }>('malformed').vectors,
  ]
  const unique = new Set(rows.map(({ hex }) => hex).filter((hex) => hex.length > 0))
  return [...unique].map((hex) => b4a.from(hex, 'hex'))
}
