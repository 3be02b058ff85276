/** The switch between the simulated network and a real one, and the dialog that asks for the way there. */
import { html, nothing, type TemplateResult } from 'lit-html'
import type { PageHost } from '../page-state.js'

/** A network that the server of this page has started beside it, if any. */
export interface LocalNetwork {
  gateway: string
  bootstrap: string
}

export function networkSwitch(host: PageHost, local: LocalNetwork | null): TemplateResult {
  const { kind, connecting, connection } = host.state
  const toSimulated = (): void => {
    host.change({ connecting: false })
    host.act('disconnect')
  }
  return html`
    <div class="choice network" role="radiogroup" aria-label="Network">
      <label
        ><input
          type="radio"
          name="network"
          .checked=${kind === 'simulated' && !connecting}
          @change=${toSimulated}
        /><span>Simulated</span></label
      >
      <label
        ><input
          type="radio"
          name="network"
          .checked=${kind === 'real' || connecting}
          @change=${() => host.change({ connecting: true })}
        /><span>Real</span></label
      >
    </div>
    ${connecting ? form(host, local) : nothing}
    ${
      connection === null
        ? nothing
        : html`<p class="connection ${connection.state}">
            <span class="dot" aria-hidden="true"></span>${connection.message}
          </p>`
    }
  `
}

function form(host: PageHost, local: LocalNetwork | null): TemplateResult {
  /** The dialog goes, and whoever uses the keyboard is back at the switch. */
  const close = (): void => {
    document.querySelector<HTMLElement>('.network input:checked')?.focus()
    host.change({ connecting: false })
  }
  const onSubmit = (event: SubmitEvent): void => {
    event.preventDefault()
    const data = new FormData(event.target as HTMLFormElement)
    const text = (name: string) => data.get(name) as string
    host.change({ panel: 'node' })
    close()
    host.act('connect', { gateway: text('gateway'), bootstrap: text('bootstrap') })
  }
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') close()
  }
  return html`<form class="connect" aria-label="Join a real network" @submit=${onSubmit} @keydown=${onKey}>
    <p>
      Your tab becomes a node. A browser has no UDP, so its datagrams go through a gateway, which you or somebody you
      trust runs${local === null ? '.' : '; one is running beside this page, with a small network on this machine.'}
    </p>
    <label
      >Gateway
      <input type="text" name="gateway" required placeholder="wss://gateway.example" value=${local?.gateway ?? ''}
    /></label>
    <label
      >Bootstrap nodes <input type="text" name="bootstrap" placeholder="host:port" value=${local?.bootstrap ?? ''}
    /></label>
    <div class="row">
      <button class="primary">Join</button>
      <button type="button" @click=${close}>Cancel</button>
    </div>
  </form>`
}
