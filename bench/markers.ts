/** Sections of a document that a program writes: what stands between `<!-- name -->` and `<!-- /name -->`. Pure. */

/**
 * Replaces a section.
 *
 * @param body without empty lines around it
 * @throws Error where the document does not have this section once
 */
export function replaceSection(document: string, name: string, body: string): string {
  const opening = `<!-- ${name} -->`
  const closing = `<!-- /${name} -->`
  const start = document.indexOf(opening)
  const end = document.indexOf(closing)
  if (start === -1 || end < start) throw new Error(`There is no ${opening} … ${closing}`)
  if (document.indexOf(opening, start + 1) !== -1) throw new Error(`There is more than one ${opening}`)
  return `${document.slice(0, start + opening.length)}\n\n${body}\n\n${document.slice(end)}`
}
