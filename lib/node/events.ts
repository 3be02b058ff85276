/** Events of a node, and the arguments their listeners get. */
import type { DHTError } from '../primitives/errors.js'
import type { Contact } from '../routing/contact.js'
import type { Request } from '../rpc/request.js'
import type { NetworkInterface } from '../transport/contract.js'
import type { EclipseWarning } from './network-watch.js'

/**
 * - `listening`: the sockets are bound
 * - `ready` (also `bootstrap`): joined, as well as it could
 * - `request`: a request of the application's; without a listener the asker gets ERROR_UNKNOWN_COMMAND
 * - `request-error`: a `request` listener threw or rejected; the asker got ERROR_HANDLER_FAILED unless it was answered
 * - `persistent`, `ephemeral`: we got an id and may be in routing tables, or gave it up
 * - `wakeup` (also `wake-up`): the machine slept, or `resume` was called
 * - `nat-update`: our public address, as others see it, changed; host null = unknown, port 0 = unknown or random
 * - `network-change`: the interfaces of this machine changed
 * - `network-update`: `online` or `degraded` may have changed, or the interfaces
 * - `add-node`, `remove-node`: a contact entered or left the routing table
 * - `eclipse-warning`: more nodes have crowded around a key than chance explains, see {@link EclipseWarning}
 * - `contact-store-error`: the contact store could not load or save; the node goes on, and tries again
 * - `suspend`, `resume`, `close`: done
 */
export type DHTEvents = {
  listening: []
  ready: []
  bootstrap: []
  request: [request: Request]
  'request-error': [error: unknown, request: Request]
  persistent: []
  ephemeral: []
  wakeup: []
  'wake-up': []
  'nat-update': [host: string | null, port: number]
  'network-change': [interfaces: NetworkInterface[]]
  'network-update': []
  'add-node': [contact: Contact]
  'remove-node': [contact: Contact]
  'eclipse-warning': [warning: EclipseWarning]
  'contact-store-error': [error: DHTError, operation: 'load' | 'save']
  suspend: []
  resume: []
  close: []
}

/** Tells listeners; what they throw does not come back. */
export type Tell = <E extends keyof DHTEvents>(event: E, ...args: DHTEvents[E]) => void
