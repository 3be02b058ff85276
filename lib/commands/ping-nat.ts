/** PING_NAT: answered to another port of the sender's own host, which shows whether that port can be reached. */
import { decodePingNat } from '../wire/commands.js'
import { type Answer, BARE, type CommandOutcome, type InboundCommand } from './contract.js'

export function handlePingNat<In extends InboundCommand>(inbound: In, answer: Answer<In>): CommandOutcome {
  const { bytes, message } = inbound
  const port = decodePingNat(bytes, message.valueAt, message.valueBytes)
  if (port === -1) return 'badArgument'
  answer(inbound, 0, BARE, port)
  return 'handled'
}
