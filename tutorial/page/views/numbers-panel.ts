/** Live numbers, and their charts. */
import { html, type TemplateResult } from 'lit-html'
import type { NetworkNumbers } from '../model/frame.js'
import type { PageHost } from '../page-state.js'
import type { Charts } from './charts.js'

export function numbersPanel({ state }: PageHost, charts: Charts): TemplateResult {
  const { numbers, kind } = state
  return html`
    ${numbers === null ? html`<p class="empty">No numbers yet.</p>` : tiles(numbers, kind === 'real')}
    <h3 class="small">Datagrams a second</h3>
    ${charts.traffic.element}
    <h3 class="small">${kind === 'real' ? 'Nodes met' : 'Nodes'}</h3>
    ${charts.nodes.element}
  `
}

function tiles(numbers: NetworkNumbers, isReal: boolean): TemplateResult {
  const { nodes, persistent, ephemeral, firewalled, dead, sent, delivered, lost, lookups } = numbers
  const list: [title: string, value: string][] = [
    [isReal ? 'nodes met' : 'nodes', String(nodes)],
    ['persistent', String(persistent)],
    ['ephemeral', String(ephemeral)],
    ['firewalled', String(firewalled)],
    ['dead', String(dead)],
    ['datagrams sent', sent.toLocaleString('en')],
    [isReal ? 'received' : 'delivered', delivered.toLocaleString('en')],
    ...lost
      .filter(({ count }) => count > 0)
      .map(({ reason, count }): [string, string] => [`lost: ${reason}`, count.toLocaleString('en')]),
    ['lookups', String(lookups)],
    ['mean time', lookups === 0 ? '–' : `${(numbers.meanLookupMs / 1000).toFixed(2)} s`],
    ['mean requests', lookups === 0 ? '–' : numbers.meanRequests.toFixed(1)],
  ]
  return html`<dl class="tiles">
    ${list.map(
      ([title, value]) =>
        html`<div>
          <dt>${title}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`
}
