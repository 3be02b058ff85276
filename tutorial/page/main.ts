/**
 * The page: puts the model's thread, the picture, the chapters and the panels together.
 *
 * One loop draws: with each frame of the screen the picture, and the rest of the page some times a second, as nobody
 * reads faster.
 */
import { html, render, type TemplateResult } from 'lit-html'
import { CHAPTERS } from './chapters/chapters.js'
import type { Frame } from './model/frame.js'
import { actionOf, type PageHost, PageState, type PhoneView } from './page-state.js'
import './style/page.css'
import { actionBar } from './views/action-bar.js'
import { Announcer } from './views/announcer.js'
import { ChapterPanel } from './views/chapter-panel.js'
import { Charts } from './views/charts.js'
import { clockBar } from './views/clock-bar.js'
import { coloursIcon } from './views/icons.js'
import { type LocalNetwork, networkSwitch } from './views/network-switch.js'
import { PANELS } from './views/panels.js'
import { legend, Stage } from './views/stage.js'
import { tabPanel, tabRow } from './views/tabs.js'
import { ThemeChoice } from './views/theme.js'
import { RemoteModel } from './worker/remote-model.js'

/** Given by the server of `npm run tutorial`; null in a static build. */
declare const LOCAL_NETWORK: LocalNetwork | null

/** Between two drawings of everything but the picture. */
const DRAW_PERIOD_MS = 100

/** What a phone shows below the picture, one at a time. */
const PHONE_VIEWS: readonly [PhoneView, string][] = [
  ['chapter', 'Chapter'],
  ['actions', 'Act'],
  ['panels', 'Details'],
]

/** Nodes that the page starts with. */
const FIRST_NODES = 60

/** Faster than this, datagrams are a blur. */
const FLIGHT_SPEED = 1

class Page implements PageHost {
  readonly state = new PageState()
  readonly stage: Stage
  readonly #remote: RemoteModel
  readonly #root: HTMLElement
  readonly #charts = new Charts()
  readonly #announcer = new Announcer()
  readonly #chapterPanel = new ChapterPanel(this)
  readonly #theme: ThemeChoice
  readonly #legend = legend()
  /** The same where there is no room for it: on phones. */
  readonly #foldedLegend = legend()
  #isStale = true
  #drawnAt = 0
  #frameTaken = false
  #wantsFlights = false

  constructor(root: HTMLElement) {
    this.#root = root
    this.#theme = new ThemeChoice(() => this.#recolour())
    this.stage = new Stage(this)
    this.#remote = new RemoteModel({
      onFrame: (frame) => this.#onFrame(frame),
      onError: (text) => this.#print('error', text),
      onRestart: (reason) => this.#print('error', `${reason}: the network starts over`),
    })
    this.#readHash()
    addEventListener('hashchange', () => this.#readHash())
    this.act('startOver', FIRST_NODES)
    this.#remote.ready()
    requestAnimationFrame(this.#onScreen)
  }

  act: PageHost['act'] = (name, ...args) => {
    this.#remote.act(actionOf(name, args))
    this.#isStale = true
  }

  change(changes: Partial<PageState>): void {
    Object.assign(this.state, changes)
    if (changes.chapter !== undefined) history.replaceState(null, '', `#chapter-${changes.chapter + 1}`)
    this.#drawNow()
    if (changes.chapter !== undefined) this.#toChapterStart()
  }

  select(key: number | null): void {
    this.state.selected = key
    if (key !== null) {
      this.state.panel = 'node'
      this.state.phoneView = 'panels'
    }
    this.act('select', key)
    this.stage.invalidate()
    this.#drawNow()
  }

  runCode(code: string): void {
    this.state.console = []
    this.state.ranChapter = this.state.chapter
    this.act('run', code)
  }

  stopCode(): void {
    this.#remote.stop()
  }

  readonly #onScreen = (timeMs: number): void => {
    requestAnimationFrame(this.#onScreen)
    this.stage.paint(timeMs)
    if (this.#isStale && timeMs - this.#drawnAt >= DRAW_PERIOD_MS) this.#drawNow()
    if (!this.#frameTaken) return
    this.#frameTaken = false
    this.#remote.ready()
  }

  #onFrame(frame: Frame): void {
    const before = this.state.clock
    const { moved, isNewNetwork } = this.state.takeFrame(frame)
    if (moved || isNewNetwork) this.stage.painter.relayout()
    // A network at rest needs no drawing.
    if (
      frame.clock.nowMs !== before.nowMs ||
      frame.changed.length > 0 ||
      isNewNetwork ||
      frame.lookup ||
      frame.details
    ) {
      this.stage.invalidate()
    }
    this.#announcer.onEntries(frame.log)
    this.#frameTaken = true
    this.#isStale = true
    const wantsFlights = frame.clock.speed <= FLIGHT_SPEED && !frame.clock.hurrying
    if (wantsFlights === this.#wantsFlights) return
    this.#wantsFlights = wantsFlights
    this.act('flights', wantsFlights)
  }

  #drawNow(): void {
    this.#isStale = false
    this.#drawnAt = performance.now()
    if (this.state.panel === 'numbers') this.#charts.show(this.state.samples, this.stage.colours)
    render(this.#draw(), this.#root)
  }

  #draw(): TemplateResult {
    const { panel: id } = this.state
    const panel = PANELS.find((candidate) => candidate.id === id)!
    return html`
      <a class="skip" href="#stage">Skip to the picture</a>
      <header>
        <h1>A DHT <span>from one node up</span></h1>
        <div class="networks">${networkSwitch(this, LOCAL_NETWORK)}</div>
        <button type="button" class="icon" @click=${() => this.#nextTheme()}>
          ${coloursIcon}<span class="sr">Colours: </span><span class="label">${this.#theme.theme}</span>
        </button>
      </header>
      <main data-view=${this.state.phoneView}>
        <section class="chapter" aria-labelledby="chapter-title">${this.#chapterPanel.draw()}</section>
        <section class="picture" id="stage" aria-label="The network">
          ${clockBar(this)} ${this.stage.element} ${this.#legend}
          <details class="signs">
            <summary>Signs</summary>
            ${this.#foldedLegend}
          </details>
        </section>
        <section class="actions" aria-label="What you can do">${actionBar(this)}</section>
        <section class="panels" aria-labelledby="panels-title">
          <h2 class="sr" id="panels-title">Details</h2>
          ${tabRow({ name: 'panel', label: 'Details', tabs: PANELS, chosen: id, choose: (next) => this.change({ panel: next }) })}
          ${tabPanel('panel', id, panel.draw(this, this.#charts))}
        </section>
      </main>
      <nav class="phone" aria-label="Below the picture">
        ${PHONE_VIEWS.map(
          ([view, title]) =>
            html`<button
              type="button"
              aria-pressed=${view === this.state.phoneView}
              @click=${() => this.change({ phoneView: view })}
            >
              ${title}
            </button>`,
        )}
      </nav>
      ${this.#announcer.element}
    `
  }

  #nextTheme(): void {
    this.#theme.next()
    this.#drawNow()
  }

  #recolour(): void {
    this.stage.recolour()
    this.#charts.forget()
    this.#isStale = true
  }

  #readHash(): void {
    const number = Number(/^#chapter-(\d+)$/.exec(location.hash)?.[1] ?? 1)
    if (CHAPTERS[number - 1] !== undefined) this.state.chapter = number - 1
    this.#isStale = true
    this.#toChapterStart()
  }

  /** A chapter is read from its beginning, whether it scrolls by itself, as on wide screens, or with the page. */
  #toChapterStart(): void {
    document.querySelector('.chapter')?.scrollTo(0, 0)
    scrollTo(0, 0)
  }

  #print(kind: 'error', text: string): void {
    this.state.console = [...this.state.console, { kind, text }]
    this.#announcer.say(text)
    this.#isStale = true
  }
}

const page = new Page(document.getElementById('page')!)
// For the tests: a picture cannot be asked what is in it.
Object.assign(globalThis, { tutorialPage: page })
