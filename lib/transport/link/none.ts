/** For runtimes that have no WebSocket. */
import type { Link } from '../tunnel/link.js'

const MESSAGE = 'This runtime has no WebSocket, which the option gateway needs; see gateway.openLink'

/** @throws TypeError always */
export function requireWebSocket(): void {
  throw new TypeError(MESSAGE)
}

/** @throws TypeError always */
export function openWebSocket(): Link {
  throw new TypeError(MESSAGE)
}
