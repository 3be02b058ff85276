/** The clock: pause, step, how fast; and what is being waited for. */
import { html, nothing, type TemplateResult } from 'lit-html'
import { SPEEDS } from '../model/pace.js'
import type { PageHost } from '../page-state.js'
import { pauseIcon, playIcon, stepIcon } from './icons.js'

/** Below this the machine is said to be too slow. */
const KEEPS_UP = 0.8

export function clockBar(host: PageHost): TemplateResult {
  const { clock, task, kind } = host.state
  if (kind === 'real') return html`<div class="bar clock">${time(clock.nowMs)}<span class="note">real time</span></div>`
  const { paused, speed, hurrying, keptUp } = clock
  return html`<div class="bar clock" role="group" aria-label="Clock of the simulated network">
    <button type="button" class="icon" @click=${() => host.act('pause', !paused)}>
      ${paused ? playIcon : pauseIcon}<span class="label">${paused ? 'Go on' : 'Pause'}</span>
    </button>
    <button type="button" class="icon" ?disabled=${!paused} @click=${() => host.act('step')}>
      ${stepIcon}<span class="label">Step</span>
    </button>
    <div class="choice" role="radiogroup" aria-label="Speed">
      ${SPEEDS.map(
        (value) =>
          html`<label
            ><input
              type="radio"
              name="speed"
              .checked=${value === speed}
              @change=${() => host.act('speed', value)}
            /><span>${value}×</span></label
          >`,
      )}
    </div>
    ${time(clock.nowMs)} ${task === null ? note(hurrying, keptUp) : progress(task.label, task.done, task.total)}
  </div>`
}

function progress(label: string, done: number, total: number): TemplateResult {
  return html`<span class="note"
    ><progress max=${total} .value=${done} aria-label=${label}></progress> ${done} of ${total} ${label}</span
  >`
}

function note(hurrying: boolean, keptUp: number): TemplateResult | typeof nothing {
  if (hurrying) return html`<span class="note">time flies</span>`
  if (keptUp < KEEPS_UP) return html`<span class="note">as fast as this machine can</span>`
  return nothing
}

function time(ms: number): TemplateResult {
  const minutes = Math.floor(ms / 60_000)
  const seconds = ((ms % 60_000) / 1000).toFixed(2).padStart(5, '0')
  return html`<span class="time" role="timer" aria-label="Time in the network">${minutes}:${seconds}</span>`
}
