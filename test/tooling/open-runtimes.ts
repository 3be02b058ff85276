/** Starts what the test files are to be run in, and says what cannot be started on this machine. */
import { bundleTests } from './browser-bundle.js'
import { type BrowserRuntimes, hasChromium, INSTALL_HINT, openBrowser } from './chromium.js'
import { INSTALL_HINT as NGINX_HINT } from './nginx.js'
import { findBare, HAS_BARE, NODE, type Runtime, type RuntimeName } from './runtimes.js'

export interface OpenRuntimes {
  /** null: it could not be opened, or not for this file. @param path of the compiled file */
  get(name: RuntimeName, path: string): Runtime | null
  /** Why; null: all were. */
  problem: string | null
  close(): Promise<void>
}

export interface Missing {
  reason: string
  /** Whether it belongs here, and its tests must not be left out in silence. */
  isFailure: boolean
}

/** Why this machine has not got a runtime; null: it has. */
export function whyMissing(name: RuntimeName): Missing | null {
  if (name === 'node') return null
  if (name === 'bare') {
    if (findBare() !== null) return null
    return HAS_BARE.has(`${process.platform}-${process.arch}`)
      ? { reason: 'Bare is not installed: npm install', isFailure: true }
      : { reason: 'no Bare for this system: its tests are not run', isFailure: false }
  }
  return hasChromium() ? null : missing(INSTALL_HINT, 'the tests in browsers are not run')
}

/** Of a machine that has none. */
export function whyNoNginx(): Missing {
  return missing(NGINX_HINT, 'its test is not run')
}

/** What belongs on a machine that checks everything, and may be absent elsewhere. */
function missing(hint: string, consequence: string): Missing {
  const isFailure = Boolean(process.env.CI)
  return { reason: isFailure ? hint : `${hint}; ${consequence}`, isFailure }
}

/** Opens what these files are to be run in. */
export async function openRuntimes(
  files: { name: string; path: string; runtimes: readonly RuntimeName[] }[],
): Promise<OpenRuntimes> {
  const open = new Map<RuntimeName, Runtime>([['node', NODE]])
  const bare = findBare()
  if (bare !== null) open.set('bare', bare)
  const inBrowsers = files.filter(({ runtimes }) => runtimes.includes('chromium') || runtimes.includes('worker'))
  let browser: BrowserRuntimes | null = null
  let problem: string | null = null
  const bundleOf = new Map(inBrowsers.map(({ name, path }) => [path, `/bundle/${name}.js`]))
  if (inBrowsers.length > 0) {
    try {
      const result = await bundleWhatCan(inBrowsers)
      problem = result.problem
      for (const path of result.bad) bundleOf.delete(path)
      if (bundleOf.size > 0) browser = await openBrowser(result.bundles, (file) => bundleOf.get(file)!)
      for (const runtime of browser?.runtimes ?? []) open.set(runtime.name, runtime)
    } catch (error) {
      problem = `no browser: ${String(error)}`
    }
  }
  const isIn = (name: RuntimeName, path: string): boolean => name === 'node' || name === 'bare' || bundleOf.has(path)
  return {
    get: (name, path) => (isIn(name, path) ? (open.get(name) ?? null) : null),
    problem,
    close: async () => browser?.close(),
  }
}

/** All in one pass; where that fails, all but those files that cannot be bundled, which are told. */
async function bundleWhatCan(
  files: { name: string; path: string }[],
): Promise<{ bundles: Map<string, Uint8Array>; bad: string[]; problem: string | null }> {
  try {
    const bundles = await bundleTests(new Map(files.map(({ name, path }) => [name, path])))
    return { bundles, bad: [], problem: null }
  } catch (error) {
    const bad: { name: string; path: string }[] = []
    for (const file of files) {
      const isGood = await bundleTests(new Map([[file.name, file.path]])).then(
        () => true,
        () => false,
      )
      if (!isGood) bad.push(file)
    }
    const good = files.filter((file) => !bad.includes(file))
    const bundles =
      good.length === 0
        ? new Map<string, Uint8Array>()
        : await bundleTests(new Map(good.map(({ name, path }) => [name, path])))
    const problem = `bundling for browsers: ${bad.map(({ name }) => name).join(', ')}: ${String(error)}`
    return { bundles, bad: bad.map(({ path }) => path), problem }
  }
}
