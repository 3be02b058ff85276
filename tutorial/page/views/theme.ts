/** Light or dark: the system's choice until the visitor makes one, which is remembered. */

export type Theme = 'system' | 'light' | 'dark'

const STORED_AS = 'xorpc-tutorial-theme'
const ORDER: readonly Theme[] = ['system', 'light', 'dark']

export class ThemeChoice {
  theme: Theme
  readonly #onChange: () => void

  /** @param onChange the colours are others now */
  constructor(onChange: () => void) {
    this.#onChange = onChange
    this.theme = ORDER.find((theme) => theme === read()) ?? 'system'
    this.#apply()
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', onChange)
  }

  next(): void {
    this.theme = ORDER[(ORDER.indexOf(this.theme) + 1) % ORDER.length]!
    try {
      localStorage.setItem(STORED_AS, this.theme)
    } catch {
      // A page without storage forgets it.
    }
    this.#apply()
    this.#onChange()
  }

  #apply(): void {
    document.documentElement.dataset.theme = this.theme
  }
}

function read(): string | null {
  try {
    return localStorage.getItem(STORED_AS)
  } catch {
    return null
  }
}
