/** Which handler answers which internal command (wire-protocol 8). */
import type { DelayedPings } from '../commands/delayed-ping.js'
import { handleDownHint } from '../commands/down-hint.js'
import { handleFindNode } from '../commands/find-node.js'
import { handlePing } from '../commands/ping.js'
import { handlePingNat } from '../commands/ping-nat.js'
import { type CommandOutcome, WITH_CLOSER_NODES } from '../commands/contract.js'
import type { Inbound, Server } from '../rpc/server.js'
import { COMMAND, ERROR } from '../wire/commands.js'

/**
 * @param checkReported looks after the contact at an address key that somebody reports to be down
 * @returns handles one request and says what became of it
 */
export function createCommandHandler(
  server: Server,
  delayedPings: DelayedPings,
  checkReported: (key: number) => void,
): (inbound: Inbound) => CommandOutcome {
  // Made once: a closure per datagram would be the most expensive part of a PING.
  const answer = server.answer.bind(server)
  const answerLater = (inbound: Inbound): (() => void) => server.answerLater(inbound)

  return (inbound) => {
    switch (inbound.message.command) {
      case COMMAND.PING:
        return handlePing(inbound, answer)
      case COMMAND.PING_NAT:
        return handlePingNat(inbound, answer)
      case COMMAND.FIND_NODE:
        return handleFindNode(inbound, answer)
      case COMMAND.DOWN_HINT:
        return handleDownHint(inbound, answer, checkReported)
      case COMMAND.DELAYED_PING:
        return delayedPings.handle(inbound, answerLater)
      default:
        answer(inbound, ERROR.UNKNOWN_COMMAND, WITH_CLOSER_NODES)
        return 'handled'
    }
  }
}
