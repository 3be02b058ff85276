/** Each example prints what examples/README.md says, and ends by itself. */
import test from 'brittle'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { findDifference, readTranscripts } from '../tutorial/transcript.js'
import { ROOT, runExample } from './run-example.js'

/** What the examples share; no examples themselves. */
const SHARED = ['local-network.js', 'report.js']

const transcripts = readTranscripts(readFileSync(join(ROOT, 'examples/README.md'), 'utf8'))

test('examples: the README shows each of them', (t) => {
  const files = readdirSync(join(ROOT, 'examples')).filter((name) => name.endsWith('.js') && !SHARED.includes(name))
  const shown = transcripts.map(({ script }) => script)
  t.alike(shown.sort(), files.map((name) => `examples/${name}`).sort())
})

for (const { script, output } of transcripts) {
  test(`examples: ${script} prints what the README says`, { timeout: 60_000 }, async (t) => {
    const { code, stdout, stderr } = await runExample(script)
    t.is(stderr, '')
    t.is(findDifference(output, stdout), null)
    t.is(code, 0)
  })
}
