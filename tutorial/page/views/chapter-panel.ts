/** A chapter beside the picture: its text, its step, and the step's code to change and run. */
import { html, nothing, type TemplateResult } from 'lit-html'
import { unsafeHTML } from 'lit-html/directives/unsafe-html.js'
import { CHAPTERS, type Chapter } from '../chapters/chapters.js'
import { API_HELP } from '../code/code-help.js'
import type { ChapterView, PageHost } from '../page-state.js'
import type { CodeEditor } from './code-editor.js'
import { backIcon, onIcon } from './icons.js'
import { tabPanel, tabRow } from './tabs.js'

const TABS = [
  { id: 'text', title: 'Text' },
  { id: 'code', title: 'Code' },
]

export class ChapterPanel {
  readonly #host: PageHost
  /** What the visitor has made of the chapters' code. BOUNDED: by the chapters. */
  readonly #edited = new Map<number, string>()
  #editor: CodeEditor | null = null
  #shown = -1
  #loading = false

  constructor(host: PageHost) {
    this.#host = host
  }

  draw(): TemplateResult {
    const { chapter: index, chapterView } = this.#host.state
    const chapter = CHAPTERS[index]!
    return html`
      <nav class="chapters" aria-label="Chapters">
        <button type="button" class="icon" ?disabled=${index === 0} @click=${() => this.#open(index - 1)}>
          ${backIcon}<span class="sr">Previous chapter</span>
        </button>
        <select
          aria-label="Chapter"
          @change=${(event: Event) => this.#open(Number((event.target as HTMLSelectElement).value))}
        >
          ${CHAPTERS.map(
            ({ title }, i) =>
              html`<option value=${i} ?selected=${i === index} .selected=${i === index}>${i + 1}. ${title}</option>`,
          )}
        </select>
        <button
          type="button"
          class="icon"
          ?disabled=${index === CHAPTERS.length - 1}
          @click=${() => this.#open(index + 1)}
        >
          ${onIcon}<span class="sr">Next chapter</span>
        </button>
      </nav>
      <h2 id="chapter-title">${index + 1}. ${chapter.title}</h2>
      ${this.#step(chapter)}
      ${tabRow({
        name: 'chapter',
        label: 'Text or code of the chapter',
        tabs: TABS,
        chosen: chapterView,
        choose: (id) => this.#host.change({ chapterView: id as ChapterView }),
      })}
      ${tabPanel(
        'chapter',
        chapterView,
        chapterView === 'text' ? html`<div class="prose">${unsafeHTML(chapter.html)}</div>` : this.#code(chapter),
      )}
    `
  }

  #step({ watch, code, panel }: Chapter): TemplateResult {
    const { running, kind } = this.#host.state
    const doIt = (): void => {
      this.#host.change({ panel })
      this.#host.runCode(code)
    }
    return html`<div class="step">
      <p><b>Watch:</b> ${watch}</p>
      <div class="row">
        <button type="button" class="primary big" ?disabled=${kind === 'real'} @click=${doIt}>Do it</button>
        ${running ? html`<button type="button" class="danger" @click=${() => this.#host.stopCode()}>Stop</button>` : nothing}
        ${kind === 'real' ? html`<span class="note">in the simulated network</span>` : nothing}
        ${running ? html`<span class="note">running…</span>` : nothing}
      </div>
      ${this.#console()}
    </div>`
  }

  #console(): TemplateResult | typeof nothing {
    const { console: lines, ranChapter, chapter } = this.#host.state
    // What another chapter's code has printed would be taken for this one's.
    if (lines.length === 0 || ranChapter !== chapter) return nothing
    return html`<div class="console" role="log" aria-label="Output of the code" tabindex="0">
      ${lines.map(({ kind, text }) => html`<div class=${kind}>${text}</div>`)}
    </div>`
  }

  #code(chapter: Chapter): TemplateResult {
    const { chapter: index, kind } = this.#host.state
    this.#prepare(index, chapter)
    const isEdited = this.#edited.has(index)
    return html`
      <div class="row">
        <button
          type="button"
          class="primary"
          ?disabled=${kind === 'real'}
          @click=${() => this.#host.runCode(this.#editor?.text ?? chapter.code)}
        >
          Run
        </button>
        <button type="button" ?disabled=${!isEdited} @click=${() => this.#reset(index, chapter)}>
          Undo all changes
        </button>
      </div>
      <div class="editor">${this.#editor?.element ?? html`<pre tabindex="0">${chapter.code}</pre>`}</div>
      <details class="help">
        <summary>What the code can use</summary>
        <p>
          The nodes are real ones, with everything that a <code>DHT</code> of xorpc has; only their network is
          simulated.
        </p>
        <dl>
          ${API_HELP.map(
            ([name, args, does]) =>
              html`<dt><code>${name}${args}</code></dt>
                <dd>${does}</dd>`,
          )}
        </dl>
      </details>
    `
  }

  #open(index: number): void {
    this.#host.change({ chapter: index })
  }

  /** Loads the editor when it is first needed, and puts the chapter's code into it. */
  #prepare(index: number, { code }: Chapter): void {
    if (this.#editor === null) {
      if (!this.#loading) void this.#load(code)
      return
    }
    if (this.#shown === index) return
    this.#shown = -1
    this.#editor.show(this.#edited.get(index) ?? code)
    this.#shown = index
  }

  async #load(code: string): Promise<void> {
    this.#loading = true
    const { createCodeEditor } = await import('./code-editor.js')
    this.#editor = createCodeEditor(code, (text) => this.#onChange(text))
    this.#shown = -1
    this.#host.change({})
  }

  #onChange(text: string): void {
    if (this.#shown === -1) return
    if (text === CHAPTERS[this.#shown]!.code) this.#edited.delete(this.#shown)
    else this.#edited.set(this.#shown, text)
    this.#host.change({})
  }

  #reset(index: number, { code }: Chapter): void {
    this.#edited.delete(index)
    this.#editor?.show(code)
  }
}
