/** The lookup that is shown: how far it is, the frontier, the closest replies with their tokens, who took the commit. */
import { html, nothing, type TemplateResult } from 'lit-html'
import type { LookupNodeView, LookupView, NodeView } from '../model/frame.js'
import { shortId } from '../model/keyspace.js'
import type { PageHost } from '../page-state.js'

export function lookupPanel(host: PageHost): TemplateResult {
  const { lookup, nodes, kind } = host.state
  if (lookup === null || lookup.target === '') {
    return html`<p class="empty">No lookup yet. Choose a node, or none, and press <b>Look up</b>.</p>`
  }
  const byId = new Map([...nodes.values()].map((node) => [node.id, node]))
  const name = ({ id, host: address }: LookupNodeView) => nameOf(byId.get(id), address)
  const holders = [...nodes.values()].filter(({ holds, up }) => holds && up)
  return html`
    <h3>${lookup.title}</h3>
    <dl class="facts">
      <dt>Target</dt>
      <dd><code class="id">${lookup.target}</code></dd>
      <dt>State</dt>
      <dd>${stateText(lookup)}</dd>
      <dt>Requests</dt>
      <dd>
        ${lookup.asked} asked, ${lookup.answered} answered, ${lookup.failed} silent; ${lookup.hops}
        ${lookup.hops === 1 ? 'hop' : 'hops'}
      </dd>
      <dt>Time</dt>
      <dd>${(lookup.tookMs / 1000).toFixed(2)} s</dd>
      ${
        lookup.value === null
          ? nothing
          : html`<dt>Value</dt>
              <dd class="found">${lookup.value}</dd>`
      }
      ${
        kind === 'simulated'
          ? html`<dt>Holders</dt>
              <dd>
                ${holders.length === 0 ? 'nobody holds a value for it' : `${holders.length}: ${keysOf(holders)}`}
              </dd>`
          : nothing
      }
    </dl>
    ${
      lookup.waiting.length === 0
        ? nothing
        : html`<h4>On the way (${lookup.waiting.length})</h4>
            ${nodeTable('Asked, no answer yet', lookup.waiting, name, false)}`
    }
    <h4>Closest replies (${lookup.closest.length})</h4>
    ${
      lookup.closest.length === 0
        ? html`<p class="empty">Nobody has answered yet.</p>`
        : nodeTable('The closest nodes that answered, nearest first', lookup.closest, name, true)
    }
    <h4>Frontier (${lookup.frontier.length})</h4>
    ${
      lookup.frontier.length === 0
        ? html`<p class="empty">Nobody is left to be asked.</p>`
        : nodeTable('Known and not asked, nearest first', lookup.frontier, name, false)
    }
  `
}

function nodeTable(
  caption: string,
  nodes: readonly LookupNodeView[],
  name: (node: LookupNodeView) => string,
  withToken: boolean,
): TemplateResult {
  return html`<table>
    <caption class="sr">
      ${caption}
    </caption>
    <thead>
      <tr>
        <th scope="col">Bits</th>
        <th scope="col">Id</th>
        <th scope="col">Node</th>
        <th scope="col">Hop</th>
        ${
          withToken
            ? html`<th scope="col">Token</th>
                <th scope="col">Commit</th>`
            : html`<th scope="col">State</th>`
        }
      </tr>
    </thead>
    <tbody>
      ${nodes.map(
        (node) =>
          html`<tr class=${node.status}>
            <td>${node.sharedBits}</td>
            <td><code>${shortId(node.id).slice(0, 6)}</code></td>
            <td>${name(node)}</td>
            <td>${node.hop}</td>
            ${
              withToken
                ? html`<td>${node.token === null ? '–' : html`<code>${node.token.slice(0, 6)}</code>`}</td>
                    <td class="commit ${node.commit ?? ''}">${commitText(node)}</td>`
                : html`<td>${node.status.replace('-', ' ')}</td>`
            }
          </tr>`,
      )}
    </tbody>
  </table>`
}

function commitText({ commit, hasValue }: LookupNodeView): string {
  if (commit === 'accepted') return '✓ took it'
  if (commit === 'refused') return '✗ refused'
  if (commit === 'asked') return '… asked'
  return hasValue ? 'has it' : '–'
}

function stateText({ phase, error }: LookupView): string {
  if (phase === 'walking') return 'walking'
  if (phase === 'committing') return 'committing: the command goes to the closest, to each with its own token'
  if (error === 'REQUEST_DESTROYED') return 'done: nobody waits for the rest'
  return error === null ? 'done' : `ended early: ${error}`
}

function nameOf(node: NodeView | undefined, address: string): string {
  if (node === undefined) return address
  if (node.role === 'self') return 'this tab'
  return `${node.role === 'bootstrapper' ? 'boot' : 'node'} ${node.key}${node.up ? '' : ' †'}`
}

function keysOf(nodes: readonly NodeView[]): string {
  return nodes.map(({ key }) => key).join(', ')
}
