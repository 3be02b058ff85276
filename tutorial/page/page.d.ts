/** What vite makes of files that are no scripts. */

declare module '*/README.md' {
  export const title: string
  export const html: string
}
