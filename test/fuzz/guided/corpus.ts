/** Writes the corpus as the files that a coverage-guided fuzzer begins with: `corpus.js <folder>`. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadCorpus, loadFrames } from '../corpus.js'

const folder = process.argv[2]
if (folder === undefined) throw new TypeError('corpus.js <folder>')
mkdirSync(folder, { recursive: true })
loadCorpus().forEach((bytes, i) => writeFileSync(join(folder, `datagram-${i}`), bytes))
loadFrames().forEach((bytes, i) => writeFileSync(join(folder, `frame-${i}`), bytes))
