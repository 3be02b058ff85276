/** Sections of a document that the benchmark writes. */
import test from 'brittle'
import { replaceSection } from '../../bench/markers.js'

const DOCUMENT = '# Title\n\n<!-- a -->\n\nold\n\n<!-- /a -->\n\nprose\n\n<!-- b -->\n\n<!-- /b -->\n'

test('markers: a section is replaced, all else stays', (t) => {
  const once = replaceSection(DOCUMENT, 'a', '| x |')
  t.is(once, DOCUMENT.replace('old', '| x |'))
  t.is(replaceSection(once, 'a', '| x |'), once, 'writing the same again changes nothing')
  t.is(replaceSection(DOCUMENT, 'b', 'new').split('new').length, 2, 'an empty one is filled')
})

test('markers: text that looks like a replacement pattern is text', (t) => {
  t.ok(replaceSection(DOCUMENT, 'a', "$& $1 $'").includes("$& $1 $'"))
})

test('markers: a section that is not there, or there twice, is an error', (t) => {
  void t.exception(() => replaceSection(DOCUMENT, 'c', ''), /no <!-- c -->/)
  void t.exception(() => replaceSection('<!-- /a --> <!-- a -->', 'a', ''), /no <!-- a -->/)
  void t.exception(() => replaceSection(DOCUMENT + DOCUMENT, 'a', ''), /more than one/)
})
