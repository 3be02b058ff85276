/** `npm run tutorial:build`: makes the static page in dist/tutorial-page, to be hosted anywhere. */
import { join, relative } from 'node:path'
import { build } from 'vite'
import { pageConfig, ROOT } from './page-config.js'

const outDir = process.argv[2] ?? join(ROOT, 'dist/tutorial-page')
await build(pageConfig({ outDir, local: null }))
console.log(`The page is in ${relative(process.cwd(), outDir)}: copy the folder to any web server.`)
