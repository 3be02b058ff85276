/** PING: answered at once with an empty reply. Its value, of any length, only pads the datagram. */
import { type Answer, BARE, type CommandOutcome, type InboundCommand } from './contract.js'

export function handlePing<In extends InboundCommand>(inbound: In, answer: Answer<In>): CommandOutcome {
  answer(inbound, 0, BARE)
  return 'handled'
}
