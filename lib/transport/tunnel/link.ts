/**
 * A connection that carries whole binary messages in order, as the tunnel needs it: a WebSocket, by whichever
 * implementation the runtime has, or two ends in memory.
 */
export interface Link {
  /** Sends a message; the bytes are the link's from here on. Does nothing when the link is not open. */
  send(bytes: Uint8Array): void
  /** Begins to close: what was sent before still arrives. Idempotent. */
  close(code: number, reason: string): void
  /** Bytes that wait in this process to be sent. */
  readonly bufferedBytes: number
}

export interface LinkEvents {
  onOpen(): void
  /** `bytes` are the receiver's; null: a message that is no binary one. */
  onMessage(bytes: Uint8Array | null): void
  /** Called once, the last of all calls, whether the link was open before or not. */
  onClose(code: number, reason: string): void
}

/** Begins to connect; tells what comes of it, never inside the call. */
export type OpenLink = (url: string, protocols: readonly string[], events: LinkEvents) => Link
