/** The runner with browsers, and without them or nginx. */
import { hasChromium } from './chromium.js'
import { NESTED, PASSING, runScenarios, type Scenario } from './scenarios.js'

const IN_BROWSER = ['--runtimes', 'node,chromium,worker', '--timeout', '20']
const IS_BROWSER = `const isBrowser = typeof location !== 'undefined'\n`

/** Where there is a browser. */
const BROWSER_SCENARIOS: Scenario[] = [
  {
    title: 'tests are counted in a page and in a Worker',
    files: {
      'a.test.js': PASSING + NESTED,
      'b/c.test.js': IS_BROWSER + `test(isBrowser ? 'one' : 'other', (t) => t.pass())\n`,
      'd.test.js': IS_BROWSER + PASSING + `if (!isBrowser) test('more', (t) => t.pass())\n`,
      'e.test.js': IS_BROWSER + `test('odd', (t) => t.absent('document' in globalThis))\n`,
    },
    args: IN_BROWSER,
    summary: '15 passed, 3 failed',
    says: [
      /^ok {3}a in chromium \(2 tests, 3 assertions, /m,
      /^ok {3}a in worker \(2 tests, /m,
      /^FAIL b\/c: not everywhere: other$/m,
      /^FAIL d: not the same number of tests everywhere: 2, 1, 1$/m,
      /^FAIL e in chromium /m,
    ],
  },
  {
    title: 'errors that nobody catches in a page fail, and so does a page that does not end',
    files: {
      'a.test.js':
        IS_BROWSER +
        PASSING +
        `if (isBrowser) setTimeout(() => { throw new Error('boom') })\ntest('long', async (t) => { await new Promise((resolve) => setTimeout(resolve, 20)); t.pass() })\n`,
      'b.test.js': PASSING + `test('blocks', (t) => { t.pass(); if (typeof location !== 'undefined') for (;;); })\n`,
    },
    args: ['--runtimes', 'node,chromium', '--timeout', '6'],
    summary: '6 passed, 2 failed',
    says: [/^FAIL a in chromium /m, /! Error: boom/, /^FAIL b in chromium /m, /still running after 6 s/],
  },
  {
    title: 'what cannot be bundled for a browser fails, and runs elsewhere',
    files: {
      'a.test.js':
        `import 'node:dgram'\nimport { createSocket } from 'node:dgram'\ncreateSocket('udp4').close()\n` + PASSING,
    },
    args: IN_BROWSER,
    summary: '1 passed, 1 failed',
    says: [/^FAIL bundling for browsers: /m, /createSocket/, /^ok {3}a /m],
  },
]

const NO_CHROMIUM = '/there/is/no/chromium'
const NO_NGINX = '/there/is/no/nginx'

const OTHERS: Scenario[] = [
  {
    title: 'without Chromium a line says so',
    files: { 'a.test.js': PASSING },
    args: IN_BROWSER,
    env: { CHROMIUM: NO_CHROMIUM, CI: '' },
    summary: '1 passed, 0 failed',
    says: [/^NOTE Chromium is not at \/there\/is\/no\/chromium: apt-get install chromium, .*are not run$/m],
  },
  {
    title: 'without Chromium it fails where CI is set',
    files: { 'a.test.js': PASSING },
    args: IN_BROWSER,
    env: { CHROMIUM: NO_CHROMIUM, CI: 'true' },
    summary: '1 passed, 2 failed',
    says: [/^FAIL Chromium is not at /m],
  },
  {
    title: 'without nginx a line says so',
    files: { 'a.test.js': PASSING, 'examples/nginx.test.js': PASSING },
    env: { NGINX: NO_NGINX, CI: '' },
    summary: '1 passed, 0 failed',
    says: [/^NOTE nginx is not at \/there\/is\/no\/nginx: apt-get install nginx-light, .*; its test is not run$/m],
  },
  {
    title: 'without nginx it fails where CI is set',
    files: { 'a.test.js': PASSING, 'examples/nginx.test.js': PASSING },
    env: { NGINX: NO_NGINX, CI: 'true' },
    summary: '1 passed, 1 failed',
    says: [/^FAIL nginx is not at /m],
  },
]

runScenarios([...(hasChromium() ? BROWSER_SCENARIOS : []), ...OTHERS])
