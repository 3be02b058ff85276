/** The selected node: its state, how it is on its way to be persistent, and its routing table by buckets. */
import { html, nothing, type TemplateResult } from 'lit-html'
import type { BucketView, NodeDetails, NodeView } from '../model/frame.js'
import { describeDistance, shortId } from '../model/keyspace.js'
import type { PageHost } from '../page-state.js'

export function nodePanel(host: PageHost): TemplateResult {
  const { state } = host
  const node = state.selected === null ? undefined : state.nodes.get(state.selected)
  if (node === undefined) {
    return html`<p class="empty">Choose a node in the picture: with the pointer, or with the arrow keys.</p>`
  }
  const details = state.details?.key === node.key ? state.details : null
  return html`
    <h3>${titleOf(node)} <span class="badge ${stateOf(node)}">${stateOf(node)}</span></h3>
    <dl class="facts">
      <dt>Id</dt>
      <dd><code class="id">${node.id}</code>${node.persistent ? nothing : html` <small>provisional</small>`}</dd>
      <dt>Address</dt>
      <dd>${node.host === '' ? 'not known yet' : `${node.host}${node.port === 0 ? '' : `:${node.port}`}`}</dd>
      ${details === null ? nothing : facts(details)} ${targetFact(host, node)}
    </dl>
    ${state.kind === 'simulated' ? nodeButtons(host, node) : nothing}
    ${
      details === null || !node.up
        ? html`<p class="empty">
            ${node.up ? 'Its table is its own: only a node itself can look into it.' : 'It has stopped. Others find out when they ask it.'}
          </p>`
        : html`${steps(node, details)} ${table(host, details)}`
    }
  `
}

function titleOf({ role, key }: NodeView): string {
  if (role === 'self') return 'This tab'
  return role === 'bootstrapper' ? `Bootstrapper ${key}` : `Node ${key}`
}

function stateOf({ up, persistent }: NodeView): 'dead' | 'persistent' | 'ephemeral' {
  if (!up) return 'dead'
  return persistent ? 'persistent' : 'ephemeral'
}

function facts({ tableSize, estimate, received, sent, values }: NodeDetails): TemplateResult {
  return html`
    <dt>Knows</dt>
    <dd>
      ${tableSize}
      ${tableSize === 1 ? 'node' : 'nodes'}${estimate === null ? nothing : `, guesses ${Math.round(estimate)} in all`}
    </dd>
    <dt>Requests</dt>
    <dd>${sent} sent, ${received} received</dd>
    <dt>Values</dt>
    <dd>
      ${
        values.length === 0
          ? 'none'
          : values.map(
              ({ target, text }) => html`<span class="value" title=${target}>${shortId(target)}…: ${text}</span>`,
            )
      }
    </dd>
  `
}

function targetFact({ state }: PageHost, { id }: NodeView): TemplateResult | typeof nothing {
  if (state.lookup === null || state.lookup.target === '') return nothing
  return html`<dt>To target</dt>
    <dd>${describeDistance(id, state.lookup.target)}</dd>`
}

function nodeButtons(host: PageHost, { key, up, nat }: NodeView): TemplateResult {
  return html`<div class="row">
    ${
      up
        ? html`<button type="button" class="danger" @click=${() => host.act('kill', key)}>Kill it</button>
            <button type="button" @click=${() => host.act('setNat', key, nat === 'open' ? 'firewalled' : 'open')}>
              ${nat === 'open' ? 'Put it behind a firewall' : 'Take its firewall away'}
            </button>`
        : html`<button type="button" @click=${() => host.act('revive', key)}>Bring it back</button>`
    }
    <button type="button" @click=${() => host.select(null)}>Close</button>
  </div>`
}

/** What a node finds out before it is persistent, in order. */
function steps({ persistent }: NodeView, { ephemeralReason, seenAs, firewalled }: NodeDetails): TemplateResult {
  const addressKnown = persistent || (seenAs !== null && ephemeralReason !== 'port-random')
  const reachable = persistent || !firewalled
  const list: [title: string, done: boolean, now: string][] = [
    ['What is my address?', addressKnown, seenAs === null ? 'asking others' : `others see ${seenAs}`],
    [
      'Can strangers reach me?',
      reachable,
      ephemeralReason === 'unreachable' ? 'the probe did not get through' : 'to be probed',
    ],
    ['Am I here to stay?', persistent, reasonText(ephemeralReason)],
  ]
  return html`<h4>On its way to be persistent</h4>
    <ol class="steps">
      ${list.map(
        ([title, done, now]) =>
          html`<li class=${done ? 'done' : 'open'}>
            <span class="mark" aria-hidden="true">${done ? '✓' : '·'}</span>
            ${title} <small>${done ? 'yes' : now}</small>
          </li>`,
      )}
    </ol>`
}

function reasonText(reason: string | null): string {
  if (reason === 'told') return 'no: it was told to be ephemeral'
  if (reason === 'waiting') return 'waiting until the address has been the same for long enough'
  if (reason === 'probing') return 'probing'
  if (reason === 'port-random') return 'its NAT shows everybody another port'
  return 'not yet'
}

function table(host: PageHost, { buckets, k }: NodeDetails): TemplateResult {
  if (buckets.length === 0) return html`<p class="empty">Its routing table is empty.</p>`
  return html`<h4>Routing table, by shared bits</h4>
    <ul class="buckets">
      ${buckets.map((bucket) => bucketRow(host, bucket, k))}
    </ul>`
}

function bucketRow({ state }: PageHost, { bits, contacts }: BucketView, k: number): TemplateResult {
  const known = new Map([...state.nodes.values()].map((node) => [node.id, node]))
  return html`<li>
    <details>
      <summary>
        <span class="bits">${bits}</span>
        <span class="meter" aria-hidden="true"><span style="width:${(100 * contacts.length) / k}%"></span></span>
        <span class="number">${contacts.length}<span class="sr"> of ${k} contacts share ${bits} bits</span></span>
      </summary>
      <ul>
        ${contacts.map(({ id, host: address, rttMs }) => {
          const node = known.get(id)
          const dead = node?.up === false ? ' · dead' : ''
          return html`<li>
            <code>${shortId(id)}</code> ${node === undefined ? address : `node ${node.key}`}${dead}
            <small>${rttMs === null ? '' : `${Math.round(rttMs)} ms`}</small>
          </li>`
        })}
      </ul>
    </details>
  </li>`
}
