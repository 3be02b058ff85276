/** Tabs as the ARIA practices describe them: one tab stop, arrow keys between the tabs. */
import { html, type TemplateResult } from 'lit-html'

export interface Tab {
  id: string
  title: string
}

export interface TabsOptions {
  /** Prefix of the element ids. */
  name: string
  label: string
  tabs: readonly Tab[]
  chosen: string
  choose: (id: string) => void
}

/** The row of tabs. Their panel is to be a `tabPanel` of the same name. */
export function tabRow({ name, label, tabs, chosen, choose }: TabsOptions): TemplateResult {
  const onKey = (event: KeyboardEvent): void => {
    const index = tabs.findIndex(({ id }) => id === chosen)
    const next = targetOf(event.key, index, tabs.length)
    if (next === null) return
    event.preventDefault()
    choose(tabs[next]!.id)
    document.getElementById(`${name}-tab-${tabs[next]!.id}`)?.focus()
  }
  return html`<div class="tabs" role="tablist" aria-label=${label} @keydown=${onKey}>
    ${tabs.map(
      ({ id, title }) =>
        html`<button
          type="button"
          role="tab"
          id="${name}-tab-${id}"
          aria-controls="${name}-panel"
          aria-selected=${id === chosen}
          tabindex=${id === chosen ? 0 : -1}
          @click=${() => choose(id)}
        >
          ${title}
        </button>`,
    )}
  </div>`
}

export function tabPanel(name: string, chosen: string, content: unknown): TemplateResult {
  return html`<div
    class="tab-panel"
    role="tabpanel"
    id="${name}-panel"
    aria-labelledby="${name}-tab-${chosen}"
    tabindex="0"
  >
    ${content}
  </div>`
}

function targetOf(key: string, index: number, count: number): number | null {
  if (key === 'ArrowRight') return (index + 1) % count
  if (key === 'ArrowLeft') return (index - 1 + count) % count
  if (key === 'Home') return 0
  if (key === 'End') return count - 1
  return null
}
