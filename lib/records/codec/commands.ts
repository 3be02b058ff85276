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
  /** Page by page, what lies under a key. */
  LIST: 83,
  /** What lies under a key, as counts and digests. */
  SUMMARY: 84,
  /** Who keeps a segment of a large value? */
  CHUNK_FIND: 85,
  /** One chunk of it, or the hashes of a group of them. */
  CHUNK_GET: 86,
  /** Keep a chunk, or the hashes of a group; with a token. */
  CHUNK_PUT: 87,
} as const

/** Whether a command is one of this module's own. */
export function isRecordCommand(command: number): boolean {
  return command >= RECORD_COMMAND.GET && command <= RECORD_COMMAND.SUMMARY
}

/** Whether a command is about segments of large values. */
export function isChunkCommand(command: number): boolean {
  return command >= RECORD_COMMAND.CHUNK_FIND && command <= RECORD_COMMAND.CHUNK_PUT
}
