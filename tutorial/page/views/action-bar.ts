/** What can be done to the network, and asked of it. */
import { html, nothing, type TemplateResult } from 'lit-html'
import { MAX_NODES, type NodeView } from '../model/frame.js'
import type { PageHost } from '../page-state.js'
import { selectedAsker, valueField } from './asker.js'

/** Nodes that one press kills, or puts behind a firewall. */
const SHARE = 0.1

const NATS: readonly [NodeView['nat'], string][] = [
  ['open', 'reachable'],
  ['firewalled', 'behind a firewall'],
  ['consistent', 'behind a home router'],
  ['randomized', 'behind a mobile NAT'],
]

export function actionBar(host: PageHost): TemplateResult {
  return html`${lookupActions(host)}
  ${host.state.kind === 'simulated' ? html`${nodeActions(host)}${networkActions(host)}` : nothing}`
}

function nodeActions(host: PageHost): TemplateResult {
  const { nat, nodes, numbers, task } = host.state
  const some = Math.max(1, Math.round(SHARE * (numbers?.nodes ?? 0)))
  const busy = task !== null
  const room = MAX_NODES - nodes.size
  return html`<fieldset>
    <legend>Nodes</legend>
    <div class="row">
      ${[1, 10, 100].map(
        (count) =>
          html`<button type="button" ?disabled=${busy || count > room} @click=${() => host.act('add', count, nat)}>
            +${count}<span class="sr"> ${count === 1 ? 'node' : 'nodes'}</span>
          </button>`,
      )}
      <button type="button" ?disabled=${room < 1} @click=${() => watchOne(host)}>Watch one turn persistent</button>
      ${room < 100 ? html`<span class="note">room for ${room === 0 ? 'no' : room} more</span>` : nothing}
    </div>
    <div class="row">
      <select aria-label="What new nodes are behind" @change=${(event: Event) => host.change({ nat: natOf(event) })}>
        ${NATS.map(([value, title]) => html`<option value=${value} ?selected=${value === nat}>${title}</option>`)}
      </select>
      <button type="button" class="danger" @click=${() => host.act('killSome', some)}>Kill ${some}</button>
      <button type="button" @click=${() => host.act('firewallSome', some)}>Firewall ${some}</button>
    </div>
  </fieldset>`
}

function networkActions(host: PageHost): TemplateResult {
  const { cut, loss } = host.state
  return html`<fieldset>
    <legend>Network</legend>
    <div class="row">
      <button type="button" aria-pressed=${cut} @click=${() => host.act(cut ? 'heal' : 'cut')}>
        ${cut ? 'Put together again' : 'Cut in two'}
      </button>
      <button type="button" @click=${() => host.act('startOver', 100)}>Start over</button>
    </div>
    <label class="row slider"
      >Loss
      <input
        type="range"
        min="0"
        max="50"
        step="1"
        .value=${String(Math.round(100 * loss))}
        aria-valuetext="${Math.round(100 * loss)} percent of all datagrams"
        @change=${(event: Event) => host.act('loss', Number((event.target as HTMLInputElement).value) / 100)}
      />
      <span class="number">${Math.round(100 * loss)} %</span></label
    >
  </fieldset>`
}

function lookupActions(host: PageHost): TemplateResult {
  const { key, value, kind } = host.state
  const asker = selectedAsker(host)
  const begin = (): void => host.change({ panel: 'lookup', phoneView: 'panels' })
  const who = kind === 'real' ? 'this tab' : asker === null ? 'any node' : `node ${asker}`
  return html`<fieldset>
    <legend>Lookup by ${who}</legend>
    <div class="row">
      <label class="field"
        >Key
        <input
          type="text"
          spellcheck="false"
          maxlength="200"
          .value=${key}
          @input=${(event: Event) => host.change({ key: (event.target as HTMLInputElement).value })}
      /></label>
      <button type="button" class="primary" @click=${() => (begin(), host.act('lookup', asker, key))}>Look up</button>
      <button type="button" @click=${() => (begin(), host.act('get', asker, key))}>Read</button>
    </div>
    <div class="row">
      ${valueField(host)}
      <button type="button" @click=${() => (begin(), host.act('put', asker, key, value))}>
        Write to the 20 closest
      </button>
    </div>
  </fieldset>`
}

function watchOne(host: PageHost): void {
  host.change({ panel: 'node', phoneView: 'panels' })
  host.act('watchNode', host.state.nat)
}

function natOf(event: Event): NodeView['nat'] {
  return (event.target as HTMLSelectElement).value as NodeView['nat']
}
