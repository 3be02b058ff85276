/**
 * The picture, and how one gets around in it: pointer, fingers, keyboard. To assistive technology it is a list box of
 * the nodes in the order of their ids, of which only the option that is chosen exists as an element.
 */
import { describeDistance, positionOf, shortId } from '../model/keyspace.js'
import type { NodeView } from '../model/frame.js'
import type { PageHost } from '../page-state.js'
import { Painter } from '../scene/painter.js'
import { type Palette, readPalette } from '../scene/palette.js'

/** Nodes that Page Up and Page Down pass. */
const PAGE = 10

const SVG = 'http://www.w3.org/2000/svg'

export class Stage {
  readonly element = document.createElement('div')
  readonly painter: Painter
  colours: Palette
  readonly #host: PageHost
  readonly #canvas = document.createElement('canvas')
  readonly #option = document.createElement('div')
  readonly #tip = document.createElement('div')
  readonly #reducedMotion = matchMedia('(prefers-reduced-motion: reduce)')
  #dirty = true

  constructor(host: PageHost) {
    this.#host = host
    this.element.className = 'stage'
    this.element.setAttribute('role', 'listbox')
    this.element.setAttribute('aria-label', 'Nodes on the circle of ids. Arrow keys go around, Enter selects.')
    this.element.tabIndex = 0
    this.#canvas.setAttribute('aria-hidden', 'true')
    this.#option.id = 'stage-option'
    this.#option.className = 'sr'
    this.#option.setAttribute('role', 'option')
    this.#tip.className = 'tip'
    this.#tip.setAttribute('aria-hidden', 'true')
    this.#tip.hidden = true
    this.element.append(this.#canvas, this.#option, this.#tip)
    this.colours = readPalette(document.documentElement)
    this.painter = new Painter(this.#canvas.getContext('2d')!, this.colours)
    new ResizeObserver(() => this.#resize()).observe(this.element)
    this.#listen()
    this.#describe()
  }

  /** The scene has changed. */
  invalidate(): void {
    this.#dirty = true
  }

  /** Light or dark has changed. */
  recolour(): void {
    this.colours = readPalette(document.documentElement)
    this.painter.colours = this.colours
    this.#dirty = true
  }

  /** Draws what is new. Called with every frame of the screen. */
  paint(timeMs: number): void {
    const { state } = this.#host
    const lives = state.flights.length > 0 || (state.lookup !== null && state.lookup.phase !== 'done')
    if (!this.#dirty && !this.painter.moving && !lives) return
    this.#dirty = false
    const { nodes, selected, pointed, details, lookup, flights, clock } = state
    const reducedMotion = this.#reducedMotion.matches
    this.painter.paint(
      { nodes, selected, pointed, details, lookup, flights, nowMs: clock.nowMs, reducedMotion },
      timeMs,
    )
    this.#placeTip()
  }

  #resize(): void {
    const { clientWidth: width, clientHeight: height } = this.element
    const ratio = Math.min(devicePixelRatio, 2)
    this.#canvas.width = Math.round(width * ratio)
    this.#canvas.height = Math.round(height * ratio)
    this.painter.resize(width, height, ratio)
    this.#dirty = true
  }

  #listen(): void {
    const { element } = this
    const keyAt = ({ clientX, clientY }: MouseEvent): number | null => {
      const { left, top } = element.getBoundingClientRect()
      return this.painter.nodeAt(clientX - left, clientY - top)
    }
    element.addEventListener('pointermove', (event) => this.#point(keyAt(event)))
    element.addEventListener('pointerleave', () => this.#point(null))
    element.addEventListener('click', (event) => this.#host.select(keyAt(event)))
    element.addEventListener('keydown', (event) => this.#onKey(event))
    element.addEventListener('focus', () => this.#point(this.#host.state.pointed ?? this.#host.state.selected))
    element.addEventListener('blur', () => this.#point(null))
  }

  #onKey(event: KeyboardEvent): void {
    const { pointed } = this.#host.state
    if (event.key === 'Enter' || event.key === ' ') this.#host.select(pointed)
    else if (event.key === 'Escape') this.#host.select(null)
    else {
      const around = this.#inOrder()
      const index = around.findIndex(({ key }) => key === pointed)
      const next = nextIndex(event.key, index, around.length)
      if (next === null) return
      this.#point(around[next]?.key ?? null)
    }
    event.preventDefault()
  }

  #point(key: number | null): void {
    if (key === this.#host.state.pointed) return
    this.#host.state.pointed = key
    this.#dirty = true
    this.#describe()
  }

  /** Nodes by position. Made only when somebody uses the keyboard. */
  #inOrder(): NodeView[] {
    return [...this.#host.state.nodes.values()].sort((a, b) => positionOf(a.id) - positionOf(b.id) || a.key - b.key)
  }

  #describe(): void {
    const { nodes, pointed, selected } = this.#host.state
    const node = pointed === null ? undefined : nodes.get(pointed)
    this.#tip.hidden = node === undefined
    if (node === undefined) {
      this.element.removeAttribute('aria-activedescendant')
      this.#option.textContent = nodes.size === 0 ? 'no nodes' : `${nodes.size} nodes, none chosen`
      this.#option.setAttribute('aria-selected', 'false')
      return
    }
    const lines = this.#linesOf(node)
    this.#option.textContent = lines.join(', ')
    this.#option.setAttribute('aria-selected', String(node.key === selected))
    this.#option.setAttribute('aria-setsize', String(nodes.size))
    this.element.setAttribute('aria-activedescendant', this.#option.id)
    const [title, ...rest] = lines
    this.#tip.replaceChildren(withText('b', title!), ...rest.map((line) => withText('span', line)))
  }

  #linesOf(node: NodeView): string[] {
    const { nodes, selected, lookup } = this.#host.state
    const lines = [titleOf(node), `id ${shortId(node.id)}…`]
    if (node.host !== '') lines.push(node.port === 0 ? node.host : `${node.host}:${node.port}`)
    const other = selected === null || selected === node.key ? undefined : nodes.get(selected)
    if (other !== undefined) lines.push(`to node ${other.key}: ${describeDistance(node.id, other.id)}`)
    if (lookup !== null && lookup.target !== '') lines.push(`to target: ${describeDistance(node.id, lookup.target)}`)
    if (node.holds) lines.push('holds the value')
    return lines
  }

  #placeTip(): void {
    const { pointed } = this.#host.state
    const at = pointed === null ? undefined : this.painter.pointOf(pointed)
    if (at === undefined) {
      this.#tip.hidden = true
      return
    }
    const { clientWidth: width, clientHeight: height } = this.element
    const { offsetWidth, offsetHeight } = this.#tip
    const x = Math.min(Math.max(at.x - offsetWidth / 2, 4), width - offsetWidth - 4)
    const y = at.y < height / 2 ? at.y + 18 : at.y - offsetHeight - 18
    this.#tip.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`
  }
}

function titleOf({ role, key, up, persistent, nat }: NodeView): string {
  const name = role === 'self' ? 'this tab' : `${role} ${key}`
  if (!up) return `${name}, dead`
  return `${name}, ${persistent ? 'persistent' : 'ephemeral'}${nat === 'open' ? '' : `, ${nat === 'firewalled' ? nat : `${nat} NAT`}`}`
}

function nextIndex(key: string, index: number, count: number): number | null {
  if (count === 0) return null
  if (key === 'Home') return 0
  if (key === 'End') return count - 1
  const steps: Record<string, number> = {
    ArrowRight: 1,
    ArrowDown: 1,
    ArrowLeft: -1,
    ArrowUp: -1,
    PageDown: PAGE,
    PageUp: -PAGE,
  }
  const step = steps[key]
  if (step === undefined) return null
  return index === -1 ? 0 : (index + step + count * PAGE) % count
}

function withText(tag: string, text: string): HTMLElement {
  const element = document.createElement(tag)
  element.textContent = text
  return element
}

/** The signs of the picture, for its legend. Drawn as the canvas draws them. */
export function legend(): HTMLElement {
  const signs: [className: string, shape: string, title: string][] = [
    ['node', '<circle cx="7" cy="7" r="4.5"/>', 'persistent'],
    ['ephemeral', '<circle cx="7" cy="7" r="4" class="hollow"/>', 'ephemeral'],
    ['node', '<path d="M7 1 13 7 7 13 1 7Z"/>', 'bootstrapper'],
    ['firewalled', '<circle cx="7" cy="7" r="5.5" class="hollow"/><circle cx="7" cy="7" r="2.6"/>', 'firewalled'],
    ['dead', '<path d="M3 3 11 11M11 3 3 11" class="hollow"/>', 'dead'],
    ['holder', '<rect x="2" y="2" width="10" height="10"/>', 'holds the value'],
    ['side', '<circle cx="7" cy="7" r="4.5"/>', 'cut off'],
    ['target', '<path d="M7 0 8.8 4.8 14 5 9.9 8.2 11.3 13.2 7 10.3 2.7 13.2 4.1 8.2 0 5 5.2 4.8Z"/>', 'target'],
  ]
  const list = document.createElement('ul')
  list.className = 'legend'
  list.setAttribute('aria-label', 'Signs in the picture')
  for (const [className, shape, title] of signs) {
    const svg = document.createElementNS(SVG, 'svg')
    svg.setAttribute('viewBox', '0 0 14 14')
    svg.setAttribute('class', className)
    svg.setAttribute('aria-hidden', 'true')
    svg.innerHTML = shape
    const item = document.createElement('li')
    item.append(svg, title)
    list.append(item)
  }
  return list
}
