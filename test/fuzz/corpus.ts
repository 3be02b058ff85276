/**
 * Messages to begin with. Datagrams: the requests and responses of the specification, those that it calls malformed, and
 * what guided/grow.ts has found to reach other code of the decoders. Messages of the tunnel: what it has found, from one
 * message of each kind on.
 */
import b4a from 'b4a'
import { readFileSync } from 'node:fs'
import { loadVectors } from '../vectors/load.js'

interface Row {
  hex: string
}

/** What the corpus holds of each kind: hex, shortest first. */
export type Grown = 'datagrams' | 'frames'

const fileOf = (name: Grown): URL => new URL(`../../../test/fuzz/corpus/${name}.json`, import.meta.url)

/** The smallest messages of a kind that together reach all code that any has reached. */
export function loadGrown(name: Grown): Uint8Array[] {
  return (JSON.parse(readFileSync(fileOf(name), 'utf8')) as string[]).map((hex) => b4a.from(hex, 'hex'))
}

/** The specification's datagrams, each once. */
export function loadVectorDatagrams(): Uint8Array[] {
  const rows = [
    ...loadVectors<{ vectors: Row[] }>('requests').vectors,
    ...loadVectors<{ vectors: Row[] }>('responses').vectors,
    ...loadVectors<{ vectors: Row[] }>('malformed').vectors,
  ]
  const unique = new Set(rows.map(({ hex }) => hex).filter((hex) => hex.length > 0))
  return [...unique].map((hex) => b4a.from(hex, 'hex'))
}

/** Real datagrams, and such that decoders look at closely. */
export function loadCorpus(): Uint8Array[] {
  return [...loadVectorDatagrams(), ...loadGrown('datagrams')]
}

/** Messages of the tunnel, of both ends, whole ones and others. */
export function loadFrames(): Uint8Array[] {
  return loadGrown('frames').filter(({ length }) => length > 0)
}
