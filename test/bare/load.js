/**
 * Loads a test file in Bare, with what tests use of Node.js and Bare does not have.
 *
 *     bare test/bare/load.js dist/test/wire/varint.test.js
 *
 * The tests of dist/test/bare get nothing of it, as proof that the package needs nothing of it.
 */
import { pathToFileURL } from 'bare-url'

const { href } = pathToFileURL(Bare.argv[2])
// What the file gets is as in Node.js: the program, the file, its arguments.
Bare.argv.splice(1, 1)

if (href.includes('/test/bare/')) {
  await import(href)
} else {
  await import('bare-abort-controller/global')
  await import('bare-performance/global')
  await import('bare-process/global')
  // By its whole address: Bare does not resolve this one.
  const imports = new URL('./imports.json', import.meta.url).href
  await import(href, { with: { imports } })
}
