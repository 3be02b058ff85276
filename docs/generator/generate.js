/**
 * Writes the API reference in docs/api from the docstrings, or with `--check` says whether it is up to date.
 *
 *     node docs/generator/generate.js [--check]
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const REFERENCE = fileURLToPath(new URL('../api', import.meta.url))

/**
 * @param {string} command
 * @param {string[]} args
 */
function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: HERE, stdio: 'inherit' })
  if (error) throw error
  if (status !== 0) process.exit(1)
}

/**
 * All files below a folder.
 *
 * @param {string} dir
 * @returns {Map<string, string>} path to text
 */
function readTree(dir) {
  const files = new Map()
  if (!existsSync(dir)) return files
  for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    files.set(relative(dir, path), readFileSync(path, 'utf8'))
  }
  return files
}

/**
 * The files that are not the same in both.
 *
 * @param {Map<string, string>} a
 * @param {Map<string, string>} b
 */
function differences(a, b) {
  const paths = new Set([...a.keys(), ...b.keys()])
  return [...paths].filter((path) => a.get(path) !== b.get(path)).sort()
}

/**
 * The names under which the headings of a page can be linked to.
 *
 * @param {string} page
 * @returns {Set<string>}
 */
function headingNames(page) {
  const names = new Set()
  for (const [, heading] of page.matchAll(/^#+ (.*)$/gm)) {
    const name = heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-')
    let unused = name
    for (let i = 1; names.has(unused); i++) unused = `${name}-${i}`
    names.add(unused)
  }
  return names
}

/**
 * The plugin counts the members of classes among the headings, `DHT.config` as `dhtconfig`, so that it links to the
 * interface DHTConfig as the second of that name. What is no heading then loses the number.
 *
 * @param {string} out
 */
function repairLinks(out) {
  const pages = readTree(out)
  const names = new Map([...pages].map(([path, text]) => [path, headingNames(text)]))
  for (const [path, text] of pages) {
    const repaired = text.replaceAll(/\]\(([^)#]*)#([\w-]+)-\d+\)/g, (link, to, name) => {
      const known = names.get(to === '' ? path : join(dirname(path), to))
      const isBroken = known !== undefined && known.has(name) && !known.has(/#(.*)\)$/.exec(link)[1])
      return isBroken ? `](${to}#${name})` : link
    })
    if (repaired !== text) writeFileSync(join(out, path), repaired)
  }
}

/** @param {string} out */
function generate(out) {
  run(process.execPath, ['node_modules/typedoc/bin/typedoc', '--out', out, '--logLevel', 'Warn'])
  repairLinks(out)
}

function check() {
  const fresh = mkdtempSync(join(tmpdir(), 'xorpc-docs-'))
  process.on('exit', () => rmSync(fresh, { recursive: true, force: true }))
  generate(fresh)
  const stale = differences(readTree(REFERENCE), readTree(fresh))
  for (const path of stale) console.log(`not up to date: docs/api/${path}`)
  console.log(stale.length === 0 ? 'docs/api is up to date' : 'run `npm run docs` and commit docs/api')
  process.exitCode = stale.length === 0 ? 0 : 1
}

// Its packages are installed when they are first needed, so that installing xorpc itself stays quick.
if (!existsSync(join(HERE, 'node_modules/typedoc'))) run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])
if (process.argv.includes('--check')) check()
else generate(REFERENCE)
