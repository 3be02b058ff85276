/** Who reads and writes, and what: the same wherever on the page it is done. */
import { html, type TemplateResult } from 'lit-html'
import type { PageHost } from '../page-state.js'

/** The node that was chosen, while it is up; null: any will do. */
export function selectedAsker({ state: { selected, nodes } }: PageHost): number | null {
  return selected !== null && nodes.get(selected)?.up === true ? selected : null
}

/** Where the value to write is typed. */
export function valueField(host: PageHost): TemplateResult {
  return html`<label class="field"
    >Value
    <input
      type="text"
      maxlength="500"
      .value=${host.state.value}
      @input=${(event: Event) => host.change({ value: (event.target as HTMLInputElement).value })}
  /></label>`
}
