/** The few icons of the page, drawn: not every system has a font with them. */
import { html, svg, type SVGTemplateResult, type TemplateResult } from 'lit-html'

const icon = (path: SVGTemplateResult): TemplateResult =>
  html`<svg class="glyph" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">${path}</svg>`

export const playIcon = icon(svg`<path d="M4 2.5v11l9-5.5z" />`)
export const pauseIcon = icon(svg`<path d="M4 2.5h3v11H4zM9.5 2.5h3v11h-3z" />`)
export const stepIcon = icon(svg`<path d="M2.5 2.5v11l7-5.5zM11 2.5h2.5v11H11z" />`)
export const coloursIcon = icon(
  svg`<circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="1.6" /><path d="M8 2a6 6 0 0 1 0 12z" />`,
)
export const backIcon = icon(svg`<path d="M10.5 2 4.5 8l6 6 1.4-1.4L7.3 8l4.6-4.6z" />`)
export const onIcon = icon(svg`<path d="M5.5 2 4.1 3.4 8.7 8l-4.6 4.6L5.5 14l6-6z" />`)
