import test from 'brittle'
import { fencedBlocks, findDifference, readTranscripts } from './transcript.js'

const FENCE = '```'

test('transcript: a console block is a command and its output', (t) => {
  const markdown = `Text.\n\n${FENCE}js\nlet a\n${FENCE}\n\n${FENCE}console\n$ node a/b.js\none\n\ntwo\n${FENCE}\n`
  t.alike(readTranscripts(markdown), [{ script: 'a/b.js', output: 'one\n\ntwo' }])
  t.alike(fencedBlocks(markdown, 'js'), ['let a'])
})

test('transcript: a block in a list loses the indentation of the list, not its own', (t) => {
  t.alike(fencedBlocks(`- x\n\n  ${FENCE}js\n    a\n  ${FENCE}\n`, 'js'), ['  a'])
})

test('transcript: a console block that shows no script is refused', async (t) => {
  await t.exception(() => readTranscripts(`${FENCE}console\n$ npm test\n${FENCE}\n`), /starts with/)
})

const same: [name: string, expected: string, actual: string][] = [
  ['equal text', 'a\nb', 'a\nb\n'],
  ['another number', 'port ‹59850›, 5 bits', 'port 1, 5 bits'],
  ['another decimal', 'after ‹3.7› s', 'after 12.0 s'],
  ['another id', 'id ‹094a35c5›', 'id 12345678'],
  ['another list', '‹4 3 1›', '0 0 12 5'],
  ['other words', '‹the first› noticed', 'the bootstrapper noticed'],
  ['shifted columns', '   8   ‹98› ‹25› %', '   8  105  9 %'],
  ['characters with a meaning in patterns', 'a (b) [c] $ ? *', 'a (b) [c] $ ? *'],
]
for (const [name, expected, actual] of same) {
  test(`transcript: ${name} agrees`, (t) => t.is(findDifference(expected, actual), null))
}

const different: [name: string, expected: string, actual: string][] = [
  ['another word', 'value: soup', 'value: null'],
  ['a word for a number', 'port ‹59850›', 'port undefined'],
  ['a shorter id', 'id ‹094a35c5›', 'id 094a35'],
  ['a line too few', 'a\nb', 'a'],
  ['a line too many', 'a', 'a\nb'],
  ['more on the line', 'a ‹1›', 'a 1 b'],
  ['nothing at all', 'a', ''],
]
for (const [name, expected, actual] of different) {
  test(`transcript: ${name} is a difference`, (t) => t.ok(findDifference(expected, actual)))
}
