/** Starts what the test files are to be run in, and says what cannot be started on this machine. */
import { bundleTests } from './browser-bundle.js'
import { type BrowserRuntimes, hasChromium, INSTALL_HINT, openBrowser } from './chromium.js'
import { findBare, HAS_BARE, NODE, type Runtime, type RuntimeName } from './runtimes.js'

export interface OpenRuntimes {
  /** null: it could not be opened. */
  get(name: RuntimeName): Runtime | null
  /** Why; null: all were. */
  problem: string | null
  close(): Promise<void>
}

interface Missing {
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
  if (hasChromium()) return null
  const isFailure = Boolean(process.env.CI)
  return { reason: isFailure ? INSTALL_HINT : `${INSTALL_HINT}; the tests in browsers are not run`, isFailure }
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
  if (inBrowsers.length > 0) {
    const bundleOf = new Map(inBrowsers.map(({ name, path }) => [path, `/bundle/${name}.js`]))
    try {
      const bundles = await bundleTests(new Map(inBrowsers.map(({ name, path }) => [name, path])))
      browser = await openBrowser(bundles, (file) => bundleOf.get(file)!)
      for (const runtime of browser.runtimes) open.set(runtime.name, runtime)
    } catch (error) {
      problem = `bundling for browsers: ${String(error)}`
    }
  }
  return {
    get: (name) => open.get(name) ?? null,
    problem,
    close: async () => browser?.close(),
  }
}
