/** Every pure module of lib has a property test: what holds for all inputs, tried with many. */
import test from 'brittle'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { listPureModules, PROPERTY_TESTS, WITHOUT } from './properties.js'

const TESTS = fileURLToPath(new URL('../../../test/', import.meta.url))

/** The files of test that one is made of: itself, and what it imports of test. */
function textOf(path: string, seen = new Set<string>()): string {
  if (seen.has(path) || !existsSync(path)) return ''
  seen.add(path)
  const text = readFileSync(path, 'utf8')
  const others = [...text.matchAll(/from '(\.[^']+)\.js'/g)].map(([, from]) => join(dirname(path), `${from}.ts`))
  return (
    text +
    others
      .filter((other) => other.startsWith(TESTS))
      .map((other) => textOf(other, seen))
      .join('')
  )
}

test('properties: the list names every pure module once, and nothing else', (t) => {
  const named = [...Object.keys(PROPERTY_TESTS), ...Object.keys(WITHOUT)].map((name) => `lib/${name}`)
  t.alike(named.toSorted(), listPureModules())
})

test('properties: each test makes many inputs, and knows the module', (t) => {
  for (const [module, file] of Object.entries(PROPERTY_TESTS)) {
    const path = join(TESTS, `${file}.test.ts`)
    const own = existsSync(path) ? readFileSync(path, 'utf8') : ''
    t.ok(/\bfc\.(assert|property)\(/.test(own), `${file}: has properties`)
    t.ok(textOf(path).includes(`/lib/${module}.js'`), `${file}: imports ${module}`)
  }
  for (const [module, why] of Object.entries(WITHOUT)) t.ok(why.length > 20, `${module}: ${why}`)
})
