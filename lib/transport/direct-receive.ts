/**
 * Datagrams of a udx-native socket, taken where its native part hands them over, before they become events: without
 * the event, the address object and the two slices of the receive buffer that each would otherwise cost.
 *
 * These are insides of udx-native, so whatever is not as it is known is left alone, and its events are used. Nothing
 * changes for others who listen to the socket.
 */
/* oxlint-disable no-underscore-dangle -- the insides are called so */

/** Called by the native part for each datagram; returns where to put the next one. */
type OnNativeMessage = (sizeBytes: number, port: number, host: string, family: number) => Uint8Array

/** What a UDX instance and its sockets are known to look like inside. */
interface UdxInsides {
  _buffer?: unknown
}
interface SocketInsides {
  /** Read once, when the socket is bound. */
  _onmessage?: OnNativeMessage
  readonly udx?: UdxInsides
  listenerCount(event: 'message'): number
}

/** Arguments of `_onmessage`, as a sign that it is the one we know. */
const KNOWN_ARGUMENTS = 4

/** The receive buffer of a UDX instance, which all its sockets share. */
class ReceiveBuffer {
  readonly #udx: UdxInsides
  #bytes: Uint8Array
  /** The start of the buffer by length, made when first needed: most datagrams have one of some ten lengths. */
  readonly #starts: (Uint8Array | null)[]

  constructor(udx: UdxInsides, bytes: Uint8Array, maxBytes: number) {
    this.#udx = udx
    this.#bytes = bytes
    // BOUNDED: by maxBytes.
    this.#starts = new Array<Uint8Array | null>(maxBytes + 1).fill(null)
  }

  /** The buffer as it is now. */
  get bytes(): Uint8Array {
    const bytes = this.#udx._buffer as Uint8Array
    if (bytes !== this.#bytes) {
      // Somebody kept a datagram, and the buffer goes on behind it.
      this.#bytes = bytes
      this.#starts.fill(null)
    }
    return bytes
  }

  /** Its first bytes. */
  start(sizeBytes: number): Uint8Array {
    const { bytes } = this
    const starts = this.#starts
    if (sizeBytes >= starts.length) return bytes.subarray(0, sizeBytes)
    return (starts[sizeBytes] ??= bytes.subarray(0, sizeBytes))
  }
}

const buffers = new WeakMap<UdxInsides, ReceiveBuffer>()

function bufferOf(udx: UdxInsides, bytes: Uint8Array, maxBytes: number): ReceiveBuffer {
  const known = buffers.get(udx)
  if (known !== undefined) return known
  const buffer = new ReceiveBuffer(udx, bytes, maxBytes)
  buffers.set(udx, buffer)
  return buffer
}

/**
 * Has the datagrams of a socket that is not bound yet handed to `onDatagram`.
 *
 * @param socket a udx-native socket
 * @param maxBytes longest datagram to be expected; longer ones only take a little longer
 * @returns whether that is possible; if not, listen to the socket's `message` events
 */
export function receiveDirectly<S extends object>(
  socket: S,
  maxBytes: number,
  onDatagram: (bytes: Uint8Array, host: string, port: number, socket: S) => void,
): boolean {
  const insides = socket as unknown as SocketInsides
  const emitMessage = insides._onmessage
  const { udx } = insides
  if (typeof emitMessage !== 'function' || emitMessage.length !== KNOWN_ARGUMENTS) return false
  if (!(udx?._buffer instanceof Uint8Array)) return false
  const buffer = bufferOf(udx, udx._buffer, maxBytes)
  insides._onmessage = (sizeBytes, port, host, family) => {
    onDatagram(buffer.start(sizeBytes), host, port, socket)
    // Others who listen may keep what they get.
    return insides.listenerCount('message') > 0
      ? emitMessage.call(insides, sizeBytes, port, host, family)
      : buffer.bytes
  }
  return true
}
