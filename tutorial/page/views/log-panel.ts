/** What has happened, newest first. */
import { html, type TemplateResult } from 'lit-html'
import type { PageHost } from '../page-state.js'

export function logPanel({ state }: PageHost): TemplateResult {
  if (state.log.length === 0) return html`<p class="empty">Nothing has happened yet.</p>`
  return html`<ol class="log" reversed>
    ${state.log
      .toReversed()
      .map(({ atMs, level, text }) => html`<li class=${level}><time>${(atMs / 1000).toFixed(1)} s</time> ${text}</li>`)}
  </ol>`
}
