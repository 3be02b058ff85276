import { findBare } from './runtimes.js'
import { NESTED, PASSING, runScenarios, type Scenario } from './scenarios.js'

const IN_BOTH = ['--runtimes', 'node,bare']

/** Of tests that Bare runs, too, where there is a Bare. */
const BARE_SCENARIOS: Scenario[] = [
  {
    title: 'tests are counted in each runtime',
    files: { 'a.test.js': PASSING + NESTED },
    args: IN_BOTH,
    summary: '4 passed, 0 failed',
    says: [/^ok {3}a \(2 tests, /m, /^ok {3}a in bare \(2 tests, /m],
  },
  {
    title: 'a test that only one runtime runs fails',
    files: { 'a.test.js': PASSING + `if (!('Bare' in globalThis)) test('more', (t) => t.pass())\n` },
    args: IN_BOTH,
    summary: '3 passed, 1 failed',
    says: [/^FAIL a: not the same number of tests everywhere: 2, 1$/m],
  },
  {
    title: 'other tests than in the other runtime fail',
    files: { 'a.test.js': `test('Bare' in globalThis ? 'one' : 'other', (t) => t.pass())\n` },
    args: IN_BOTH,
    summary: '2 passed, 1 failed',
    says: [/^FAIL a: not everywhere: other$/m],
  },
  {
    title: 'a test that fails in Bare only fails',
    files: { 'a.test.js': `test('odd', (t) => t.absent('Bare' in globalThis))\n` },
    args: IN_BOTH,
    summary: '1 passed, 1 failed',
    says: [/^ok {3}a /m, /^FAIL a in bare /m, /failed: odd/],
  },
  {
    title: 'a file that breaks off in Bare fails',
    files: {
      'a.test.js': PASSING + `test('crash', (t) => { t.pass(); if ('Bare' in globalThis) throw new Error('boom') })\n`,
    },
    args: IN_BOTH,
    summary: '3 passed, 1 failed',
    says: [/ended before its tests did/, /! .*boom/],
  },
]

const SCENARIOS: Scenario[] = [
  ...(findBare() === null ? [] : BARE_SCENARIOS),
  {
    title: 'passing files pass',
    files: { 'a.test.js': PASSING + NESTED, 'b/c.test.js': PASSING },
    summary: '3 passed, 0 failed',
    says: [/^ok {3}a \(2 tests, 3 assertions, \d+ ms\)$/m, /^ok {3}b\/c \(1 tests, 2 assertions, /m],
  },
  {
    title: 'a failed assertion fails its test and is shown',
    files: { 'a.test.js': PASSING + `test('bad', (t) => { t.is(1, 2, 'one is two') })\n` },
    summary: '1 passed, 1 failed',
    says: [/^FAIL a /m, /failed: bad/, /not ok 1 - one is two/, /expected: 2/],
  },
  {
    title: 'an empty file fails',
    files: { 'a.test.js': '' },
    summary: '0 passed, 1 failed',
    says: [/no test in it/],
  },
  {
    title: 'a skipped and a todo test fail',
    files: { 'a.test.js': PASSING + `skip('later', (t) => t.pass())\ntodo('some day', (t) => t.pass())\n` },
    summary: '1 passed, 2 failed',
    says: [/skipped: later/, /todo: some day/],
  },
  {
    title: 'solo fails, for it hides the others',
    files: { 'a.test.js': PASSING + `test.solo('only', (t) => t.pass())\n` },
    summary: '1 passed, 1 failed',
    says: [/uses solo/],
  },
  {
    title: 'a test without assertion fails',
    files: { 'a.test.js': PASSING + `test('hollow', () => {})\n` },
    summary: '1 passed, 1 failed',
    says: [/no assertion in it: hollow/],
  },
  {
    title: 'a crash fails and its stderr is shown',
    files: { 'a.test.js': PASSING + `test('crash', (t) => { t.pass(); throw new Error('boom') })\n` },
    summary: '1 passed, 1 failed',
    says: [/exit code 1/, /ended before its tests did/, /! Error: boom/],
  },
  {
    title: 'a syntax error fails',
    files: { 'a.test.js': 'test(' },
    summary: '0 passed, 1 failed',
    says: [/exit code 1/, /no test in it/, /SyntaxError/],
  },
  {
    title: 'leaving early with exit code 0 fails',
    files: { 'a.test.js': PASSING + `test('exit', (t) => { t.pass(); process.exit(0) })\n` },
    summary: '1 passed, 1 failed',
    says: [/ended before its tests did/],
  },
  {
    title: 'a non-zero exit code fails though all tests passed',
    files: { 'a.test.js': PASSING + `process.on('exit', () => { process.exitCode = 3 })\n` },
    summary: '1 passed, 1 failed',
    says: [/exit code 3/],
  },
  {
    title: 'a process that was killed fails',
    files: { 'a.test.js': PASSING + `test('dies', () => process.kill(process.pid, 'SIGTERM'))\n` },
    summary: '1 passed, 1 failed',
    says: [/ended by SIGTERM/],
  },
  {
    title: 'a file that does not end is killed and fails',
    files: { 'a.test.js': PASSING + 'setInterval(() => {}, 1000)\n' },
    args: ['--timeout', '1.5'],
    summary: '1 passed, 1 failed',
    says: [/still running after 1.5 s/],
  },
  {
    title: 'a source that was not compiled fails and a stale output is not run',
    files: { 'src/a.test.ts': '', 'src/b.test.ts': '', 'a.test.js': PASSING, 'stale.test.js': PASSING },
    args: ['--source', 'src'],
    summary: '1 passed, 1 failed',
    says: [/^FAIL b \(not compiled\)$/m, /^ok {3}a /m],
  },
  {
    title: 'it says what took longest where it is asked, and how many run side by side is the same to it',
    files: { 'a.test.js': PASSING, 'b/c.test.js': PASSING, 'b/d.test.js': PASSING },
    args: ['--times', '--parallel', '3'],
    summary: '3 passed, 0 failed',
    says: [/^slowest in node \( +[\d.]+ s in all\):$/m, /^ +[\d.]+ s b\/c$/m, /^by folder /m, /^ +[\d.]+ s b\/$/m],
  },
  {
    title: 'a filter selects by name',
    files: { 'a.test.js': PASSING, 'b/c.test.js': PASSING },
    args: ['b/'],
    summary: '1 passed, 0 failed',
    says: [/^ok {3}b\/c /m],
  },
  {
    title: 'a filter that selects nothing fails',
    files: { 'a.test.js': PASSING },
    args: ['zzz'],
    summary: '0 passed, 1 failed',
    says: [/no test file is called like zzz/],
  },
  {
    title: 'no file at all fails',
    files: { 'readme.txt': '' },
    summary: '0 passed, 0 failed',
    says: [/^FAIL no test was run$/m],
  },
]

runScenarios(SCENARIOS)
