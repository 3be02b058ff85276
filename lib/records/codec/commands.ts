/**
 * Numbers of this module's commands. HyperDHT takes 0 to 10; ours are 80 to 95, which still fit one byte. A node that does
 * not know them answers ERROR_UNKNOWN_COMMAND, and lookups pass it over.
 */
export const RECORD_COMMAND = {
  /** Newest version under a key. */
  GET: 80,
  /** Store a version; with a token. */
  PUT: 81,
  /** Which of these versions do you lack? */
  OFFER: 82,
  // 83 and 84: sets, 85 to 87: chunks of large values, 88: watching.
} as const

/** Whether a command is one of this module's own. */
export function isRecordCommand(command: number): boolean {
  return command >= RECORD_COMMAND.GET && command <= RECORD_COMMAND.OFFER
}
