/** FIND_NODE: answered with the contacts closest to the target. */
import { type Answer, type CommandOutcome, type InboundCommand, WITH_CLOSER_NODES } from './contract.js'

export function handleFindNode<In extends InboundCommand>(inbound: In, answer: Answer<In>): CommandOutcome {
  if (inbound.message.targetAt === -1) return 'badArgument'
  answer(inbound, 0, WITH_CLOSER_NODES)
  return 'handled'
}
