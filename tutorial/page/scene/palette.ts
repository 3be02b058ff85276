/** The colours of the picture, as the style sheet has them: one set for light, one for dark. */

const NAMES = [
  'ink',
  'muted',
  'line',
  'surface',
  'accent',
  'node',
  'ephemeral',
  'firewalled',
  'dead',
  'holder',
  'target',
  'asked',
  'answered',
  'side',
  'bucket-a',
  'bucket-b',
] as const

export type Palette = Record<(typeof NAMES)[number], string>

export function readPalette(element: Element): Palette {
  const style = getComputedStyle(element)
  return Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as Palette
}
