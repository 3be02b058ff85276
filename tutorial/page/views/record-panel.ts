/** The record that is watched: which nodes should hold it, which do, and how that changes as nodes come and go. */
import { html, nothing, type TemplateResult } from 'lit-html'
import type { NodeView, RecordNodeView, RecordView } from '../model/frame.js'
import type { PageHost } from '../page-state.js'
import { selectedAsker, valueField } from './asker.js'

/** Holders that one press kills, and nodes that another one adds. */
const KILLED = 5
const ADDED = 10

export function recordPanel(host: PageHost): TemplateResult {
  const { record, kind } = host.state
  if (kind === 'real') return html`<p class="empty">Records are watched in the simulated network.</p>`
  return html`
    ${buttons(host)}
    ${
      record === null
        ? html`<p class="empty">No record yet. Write one: every node will keep records for others from then on.</p>`
        : html`${facts(record)} ${closestTable(host, record)} ${otherHolders(host, record)} ${history(record)}`
    }
  `
}

function buttons(host: PageHost): TemplateResult {
  const { key, value, record, task } = host.state
  const writer = selectedAsker(host)
  const name = record?.name ?? key
  const isThere = record !== null && record.seq !== null
  return html`<div class="row">
      ${valueField(host)}
      <button type="button" class="primary" @click=${() => host.act('putRecord', writer, name, value)}>
        Write version ${(record?.seq ?? 0) + 1}
      </button>
    </div>
    <div class="row">
      <button type="button" ?disabled=${!isThere} @click=${() => host.act('deleteRecord', writer, name)}>
        Delete it
      </button>
      <button type="button" class="danger" ?disabled=${!isThere} @click=${() => host.act('killHolders', KILLED)}>
        Kill its ${KILLED} nearest holders
      </button>
      <button type="button" ?disabled=${task !== null} @click=${() => host.act('add', ADDED, 'open')}>
        ${ADDED} more nodes join
      </button>
    </div>`
}

function facts({ name, target, seq, isDeleted, endsInMs, closest, others }: RecordView): TemplateResult {
  const holding = closest.filter((each) => each.seq === seq && seq !== null).length
  return html`
    <h3>Record “${name}”</h3>
    <dl class="facts">
      <dt>Key</dt>
      <dd><code class="id">${target}</code></dd>
      <dt>Version</dt>
      <dd>${seq === null ? 'nobody holds one' : `${seq}${isDeleted ? ', deleted' : ''}`}</dd>
      <dt>Holders</dt>
      <dd>
        ${holding} of its ${closest.length} closest
        nodes${others.length === 0 ? nothing : `, and ${others.length} more`}
      </dd>
      <dt>Ends in</dt>
      <dd>${endsInMs === null ? '–' : duration(endsInMs)}</dd>
    </dl>
  `
}

function closestTable({ state: { nodes } }: PageHost, { closest, seq }: RecordView): TemplateResult {
  return html`<h4>Its closest nodes</h4>
    <table>
      <caption class="sr">
        The nodes closest to the record, nearest first, and the version that each holds
      </caption>
      <thead>
        <tr>
          <th scope="col">Rank</th>
          <th scope="col">Node</th>
          <th scope="col">Version</th>
        </tr>
      </thead>
      <tbody>
        ${closest.map(
          (each, rank) =>
            html`<tr class=${each.seq === seq && seq !== null ? 'answered' : 'known'}>
              <td>${rank + 1}</td>
              <td>${nameOf(nodes.get(each.key), each.key)}</td>
              <td class="commit ${each.seq === seq && seq !== null ? 'accepted' : ''}">${versionText(each, seq)}</td>
            </tr>`,
        )}
      </tbody>
    </table>`
}

function otherHolders({ state: { nodes } }: PageHost, { others }: RecordView): TemplateResult | typeof nothing {
  if (others.length === 0) return nothing
  return html`<h4>Others that hold it</h4>
    <p>${others.map(({ key, seq }) => `${nameOf(nodes.get(key), key)} (version ${seq})`).join(', ')}</p>`
}

function history({ history: lines }: RecordView): TemplateResult | typeof nothing {
  if (lines.length === 0) return nothing
  return html`<h4>What has happened to it</h4>
    <ol class="log" reversed>
      ${lines
        .toReversed()
        .map(({ atMs, text }) => html`<li class="detail"><time>${(atMs / 1000).toFixed(1)} s</time> ${text}</li>`)}
    </ol>`
}

function versionText({ seq, isDeleted }: RecordNodeView, newest: number | null): string {
  if (seq === null) return '– has not got it'
  const text = isDeleted ? `${seq}, deleted` : String(seq)
  return seq === newest ? `✓ ${text}` : `${text}, older`
}

function nameOf(node: NodeView | undefined, key: number): string {
  return `${node?.role === 'bootstrapper' ? 'boot' : 'node'} ${key}`
}

function duration(ms: number): string {
  const seconds = Math.round(ms / 1000)
  const minutes = Math.floor(seconds / 60)
  return minutes === 0 ? `${seconds} s` : `${minutes} min ${seconds % 60} s`
}
