/** The specification's vectors as data: what each file holds is said in its `description`. */
import { readFileSync } from 'node:fs'

/** Content of `test/vectors/<name>.json`. */
export function loadVectors<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../../../test/vectors/${name}.json`, import.meta.url), 'utf8')) as T
}
