/** How vite builds the page. Paths in what it makes are relative, so that it can be hosted in any folder. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { InlineConfig, Plugin } from 'vite'
import { renderChapter } from './render-chapter.js'
import type { LocalNetwork } from '../views/network-switch.js'

/** Of the repository; this file is run in dist/tutorial/page/server. */
export const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))

export interface PageConfigOptions {
  /** Where the page goes. */
  outDir: string
  /** A network that runs beside the page; null: none. */
  local: LocalNetwork | null
}

export function pageConfig({ outDir, local }: PageConfigOptions): InlineConfig {
  return {
    configFile: false,
    root: join(ROOT, 'tutorial/page'),
    base: './',
    logLevel: 'warn',
    // The package by its own name, as whoever installs it has it.
    resolve: {
      alias: [
        { find: /^xorpc$/, replacement: join(ROOT, 'dist/index.js') },
        { find: /^xorpc\/records$/, replacement: join(ROOT, 'dist/lib/records/index.js') },
        { find: /^xorpc\/simulation$/, replacement: join(ROOT, 'dist/lib/simulation/index.js') },
      ],
    },
    define: { LOCAL_NETWORK: JSON.stringify(local) },
    plugins: [chapters()],
    worker: { format: 'es' },
    build: {
      outDir,
      emptyOutDir: true,
      target: 'es2022',
      chunkSizeWarningLimit: 700,
      rolldownOptions: { checks: { pluginTimings: false } },
    },
  }
}

/** Makes modules of the chapters' Markdown. */
function chapters(): Plugin {
  return {
    name: 'tutorial-chapters',
    enforce: 'pre',
    async load(id) {
      if (!id.endsWith('README.md')) return null
      const { title, html } = renderChapter(await readFile(id, 'utf8'))
      return `export const title = ${JSON.stringify(title)}\nexport const html = ${JSON.stringify(html)}\n`
    },
  }
}
