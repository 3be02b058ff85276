/**
 * DOWN_HINT: somebody got no answer from a node that we had named. We check that node ourselves; the hint is no
 * evidence. Always answered, whether or not we know the node.
 */
import { decodeDownHint } from '../wire/commands.js'
import { type Answer, BARE, type CommandOutcome, type InboundCommand } from './contract.js'

/** @param check looks after the contact at this address key, if there is one and a check may be spent on it */
export function handleDownHint<In extends InboundCommand>(
  inbound: In,
  answer: Answer<In>,
  check: (key: number) => void,
): CommandOutcome {
  const { bytes, message } = inbound
  const key = decodeDownHint(bytes, message.valueAt, message.valueBytes)
  if (key === -1) return 'badArgument'
  check(key)
  answer(inbound, 0, BARE)
  return 'handled'
}
