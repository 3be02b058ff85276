/** Counters of a node. Plain objects, changed in place for the node's whole life, so they can be kept and compared. */
import { COMMAND } from '../wire/commands.js'

/** Requests of one internal command: `tx` first transmissions, `rx` answers that came back. */
export interface CommandStats {
  tx: number
  rx: number
}

/** Why a datagram was dropped. */
export type DropReason =
  'suspended' | 'short' | 'foreign' | 'malformed' | 'unknownTid' | 'wrongSource' | 'badArgument' | 'overLimit'

/** Every datagram received is counted once: `received` = `requests` + `responses` + the sum of `dropped`. */
export interface DatagramStats {
  received: number
  sent: number
  /** Replies not sent, because their destination has not proved that it asked for so much. */
  withheld: number
  /** Requests that were handled (answered, or handed to the application). */
  requests: number
  /** Responses that settled a request of ours. */
  responses: number
  dropped: Record<DropReason, number>
}

export interface Stats {
  queries: { active: number; total: number }
  requests: { active: number; total: number; responses: number; timeouts: number; retries: number }
  commands: {
    ping: CommandStats
    pingNat: CommandStats
    findNode: CommandStats
    downHint: CommandStats
    delayedPing: CommandStats
  }
  datagrams: DatagramStats
  /** The option `contactStore`: contacts loaded from it, saves that succeeded, loads and saves that failed. */
  contactStore: { loaded: number; saves: number; failures: number }
}

export function createStats(): Stats {
  const command = (): CommandStats => ({ tx: 0, rx: 0 })
  return {
    queries: { active: 0, total: 0 },
    requests: { active: 0, total: 0, responses: 0, timeouts: 0, retries: 0 },
    commands: {
      ping: command(),
      pingNat: command(),
      findNode: command(),
      downHint: command(),
      delayedPing: command(),
    },
    datagrams: {
      received: 0,
      sent: 0,
      withheld: 0,
      requests: 0,
      responses: 0,
      dropped: {
        suspended: 0,
        short: 0,
        foreign: 0,
        malformed: 0,
        unknownTid: 0,
        wrongSource: 0,
        badArgument: 0,
        overLimit: 0,
      },
    },
    contactStore: { loaded: 0, saves: 0, failures: 0 },
  }
}

/** The counters of the internal command with this number; null for others. */
export function commandStats(stats: Stats, command: number): CommandStats | null {
  switch (command) {
    case COMMAND.PING:
      return stats.commands.ping
    case COMMAND.PING_NAT:
      return stats.commands.pingNat
    case COMMAND.FIND_NODE:
      return stats.commands.findNode
    case COMMAND.DOWN_HINT:
      return stats.commands.downHint
    case COMMAND.DELAYED_PING:
      return stats.commands.delayedPing
    default:
      return null
  }
}
