/** For runtimes that have no WebSocket. */
import type { Link } from '../tunnel/link.js'

/** @throws TypeError always */
export function openWebSocket(): Link {
  throw new TypeError('This runtime has no WebSocket, which the option gateway needs; see gateway.openLink')
}
