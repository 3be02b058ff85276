/** Links over the runtime's own WebSocket: pages, workers, and servers that have one. */
import type { Link, LinkEvents } from '../tunnel/link.js'

interface NativeSocket {
  binaryType: string
  readonly bufferedAmount: number
  addEventListener(type: 'open', listener: () => void): void
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
  addEventListener(type: 'close', listener: (event: { code: number; reason: string }) => void): void
  send(bytes: Uint8Array): void
  close(code?: number, reason?: string): void
}

interface Platform {
  WebSocket?: new (url: string, protocols: string[]) => NativeSocket
}

/** @throws TypeError where the runtime has no WebSocket */
export function requireWebSocket(): NonNullable<Platform['WebSocket']> {
  const { WebSocket } = globalThis as unknown as Platform
  if (WebSocket !== undefined) return WebSocket
  throw new TypeError('This runtime has no WebSocket, which the option gateway needs; see gateway.openLink')
}

/** Connects. @throws TypeError where the runtime has no WebSocket, or an error of its own that forbids this one */
export function openWebSocket(url: string, protocols: readonly string[], events: LinkEvents): Link {
  const WebSocket = requireWebSocket()
  const socket = new WebSocket(url, [...protocols])
  let isOpen = false
  socket.binaryType = 'arraybuffer'
  socket.addEventListener('open', () => {
    isOpen = true
    events.onOpen()
  })
  socket.addEventListener('message', ({ data }) => {
    events.onMessage(data instanceof ArrayBuffer ? new Uint8Array(data) : null)
  })
  // Every error is followed by the close, which says as much.
  socket.addEventListener('close', ({ code, reason }) => {
    isOpen = false
    events.onClose(code, reason)
  })
  return {
    send(bytes) {
      if (isOpen) socket.send(bytes)
    },
    close(code, reason) {
      isOpen = false
      socket.close(code, reason)
    },
    get bufferedBytes() {
      return socket.bufferedAmount
    },
  }
}
