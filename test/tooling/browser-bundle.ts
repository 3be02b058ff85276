/**
 * Bundles the test files for browsers, all in one pass.
 *
 * The package is taken as an application's bundler would take it, without help of ours. Only the tests and brittle find
 * what they use of Node.js, in test/chromium/modules.js.
 */
import { build, type OnLoadResult, type Plugin } from 'esbuild'
import { readFile } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { extname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const MODULES = join(ROOT, 'test/chromium/modules.js')

/** The package itself. */
const PRODUCT = /[\\/]dist[\\/](lib[\\/]|index\.js$)/

/** Loaded before each file. */
const PATIENCE = fileURLToPath(new URL('./patience.js', import.meta.url))

/** brittle, and what only brittle loads. */
const OF_BRITTLE = /[\\/]node_modules[\\/](brittle|test-tmp|error-stack-parser|tmatch)[\\/]/

/** Whether a file may use Node.js. */
function isForTests(path: string): boolean {
  return path.includes('node_modules') ? OF_BRITTLE.test(path) : !PRODUCT.test(path)
}

const GLOBALS = ['Buffer', 'process', 'setImmediate'] as const

/** Parts of brittle that browsers never reach. */
const LEFT_OUT = /^(bare-cov|\.\/lib\/(threads|thread-streams)|\.\/snapshot|\.\/lib\/snapshot)$/

const builtins = new Set(builtinModules)

function isBuiltin(path: string): boolean {
  // `events` is a package as well, which browser builds use.
  return path.startsWith('node:') || (builtins.has(path) && path !== 'events')
}

async function loadForTests(path: string): Promise<OnLoadResult> {
  const text = await readFile(path, 'utf8')
  const used = GLOBALS.filter((name) => new RegExp(`\\b${name}\\b`).test(text))
  const isModule = !path.includes('node_modules')
  const from = JSON.stringify(MODULES)
  let head = ''
  if (isModule && used.length > 0) head = `import { ${used.join(', ')} } from ${from};`
  if (!isModule) {
    head = `const { ${['brittleProgram', ...used].join(', ')} } = require(${from});`
    head += 'const global = Object.create(globalThis, { Bare: { value: brittleProgram } });'
  }
  // Chunks lie elsewhere: addresses stay those of the compiled files, which the server has.
  const url = `new URL(${JSON.stringify(`/${relative(ROOT, path).replaceAll('\\', '/')}`)}, location.origin).href`
  return { contents: head + (isModule ? text.replaceAll('import.meta.url', `(${url})`) : text), loader: 'js' }
}

const modulesOfNode: Plugin = {
  name: 'modules of Node.js for tests',
  setup(plugin) {
    plugin.onResolve({ filter: /.*/ }, ({ path, importer }) => {
      if (importer === MODULES || !isForTests(importer)) return null
      if (LEFT_OUT.test(path) && importer.includes('brittle')) return { path, namespace: 'left-out' }
      if (path.startsWith('file:')) return { path: fileURLToPath(path) }
      return isBuiltin(path) ? { path: MODULES } : null
    })
    plugin.onLoad({ filter: /.*/, namespace: 'left-out' }, () => ({ contents: 'module.exports = {}' }))
    plugin.onLoad({ filter: /\.js$/ }, async ({ path }) => {
      return path !== MODULES && isForTests(path) ? loadForTests(path) : null
    })
  },
}

/**
 * @param files paths of compiled test files, by the name that the bundle of each gets
 * @returns contents by path, such as `/bundle/wire/varint.js`
 */
export async function bundleTests(files: ReadonlyMap<string, string>): Promise<Map<string, Uint8Array>> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: { patience: PATIENCE, ...Object.fromEntries(files) },
    outdir: join(ROOT, 'bundle'),
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    plugins: [modulesOfNode],
    write: false,
    logLevel: 'silent',
  })
  return new Map(
    outputFiles
      .filter(({ path }) => extname(path) === '.js')
      .map(({ path, contents }) => [`/${relative(ROOT, path).replaceAll('\\', '/')}`, contents]),
  )
}
