/**
 * A chapter of the written tutorial as HTML for the page, made when the page is built: the text exists once. Links to
 * other chapters lead to them in the page; links to files are the names of the files only.
 */
import { Marked, type Tokens } from 'marked'

export interface RenderedChapter {
  title: string
  html: string
}

/** The last lines of a chapter, which name its script and link to the next: the page has its own. */
const FOOTER = /\n(The scripts?: )[^]*$/

/** Takes the chapter's Markdown. @throws Error where it has no title */
export function renderChapter(markdown: string): RenderedChapter {
  const title = /^# \d+\. (.+)$/m.exec(markdown)?.[1]
  if (title === undefined) throw new Error('a chapter begins with a line "# number. title"')
  const marked = new Marked({ renderer: { link, code, heading }, async: false })
  const body = markdown.replace(/^# .+$/m, '').replace(FOOTER, '\n')
  return { title, html: marked.parse(body) as string }
}

function link(
  this: { parser: { parseInline: (tokens: Tokens.Link['tokens']) => string } },
  token: Tokens.Link,
): string {
  const text = this.parser.parseInline(token.tokens)
  const chapter = /^\.\.\/(\d\d)-[^/]+\/README\.md$/.exec(token.href)?.[1]
  if (chapter !== undefined) return `<a href="#chapter-${Number(chapter)}">${text}</a>`
  return /^https?:/.test(token.href) ? `<a href="${token.href}">${text}</a>` : `<code>${text}</code>`
}

function code({ text, lang = '' }: Tokens.Code): string {
  const label = lang === 'console' ? 'Output' : 'Code'
  return `<pre class="${lang}" role="group" aria-label="${label}"><code>${escapeHtml(text)}</code></pre>`
}

/** One level deeper: the page has titles of its own above. */
function heading(
  this: { parser: { parseInline: (tokens: Tokens.Heading['tokens']) => string } },
  { tokens, depth }: Tokens.Heading,
): string {
  return `<h${depth + 1}>${this.parser.parseInline(tokens)}</h${depth + 1}>`
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
