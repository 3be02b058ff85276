/** The editor for a chapter's code: CodeMirror, loaded when it is first wanted, in the colours of the page. */
import { javascript } from '@codemirror/lang-javascript'
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { tags } from '@lezer/highlight'
import { basicSetup, EditorView } from 'codemirror'

const COLOURS = HighlightStyle.define([
  { tag: [tags.keyword, tags.controlKeyword, tags.operatorKeyword], color: 'var(--code-keyword)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--code-string)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--code-number)' },
  { tag: tags.comment, color: 'var(--muted)', fontStyle: 'italic' },
  { tag: [tags.function(tags.variableName), tags.function(tags.propertyName)], color: 'var(--code-function)' },
])

const THEME = EditorView.theme({
  '&': { backgroundColor: 'var(--code-surface)', color: 'var(--ink)', fontSize: '13px' },
  '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '1px' },
  '.cm-content': { fontFamily: 'var(--mono)', caretColor: 'var(--ink)' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-gutters': { backgroundColor: 'var(--code-surface)', color: 'var(--muted)', border: 'none' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'var(--code-line)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'var(--code-selection) !important',
  },
})

export interface CodeEditor {
  readonly element: HTMLElement
  readonly text: string
  /** Replaces what is in it. */
  show(text: string): void
}

/** @param onChange told whenever the visitor has changed the text */
export function createCodeEditor(text: string, onChange: (text: string) => void): CodeEditor {
  const view = new EditorView({
    doc: text,
    extensions: [
      basicSetup,
      javascript(),
      syntaxHighlighting(COLOURS),
      THEME,
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ 'aria-label': 'Code of the chapter. Tab leaves the editor.' }),
      EditorView.updateListener.of(({ docChanged, state }) => {
        if (docChanged) onChange(state.doc.toString())
      }),
    ],
  })
  return {
    element: view.dom,
    get text() {
      return view.state.doc.toString()
    },
    show(fresh) {
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: fresh } })
    },
  }
}
