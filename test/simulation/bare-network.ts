/** A network of a few hosts on a clock, which shows a test all that is bound and sent. */
import type { Clock } from '../../lib/primitives/clock.js'
import type { SynchronousTransport } from '../../lib/simulation/udx.js'
import type { DatagramSocket, NetworkInterface, OnDatagram } from '../../lib/transport/contract.js'

const LATENCY_MS = 10
const FIRST_FREE_PORT = 50_000

export class BareNetwork {
  /** Time to live of each datagram sent, in order. */
  readonly ttls: (number | undefined)[] = []
  /** Receivers by `host:port`. */
  readonly bound = new Map<string, OnDatagram>()
  interfaces: NetworkInterface[] = [{ name: 'mem0', host: '20.0.0.1', family: 4, internal: false }]
  readonly #watchers = new Set<(interfaces: NetworkInterface[]) => void>()
  readonly #clock: Clock
  #nextPort = FIRST_FREE_PORT

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get watchers(): number {
    return this.#watchers.size
  }

  changeInterfaces(interfaces: NetworkInterface[]): void {
    this.interfaces = interfaces
    for (const onChange of this.#watchers) onChange(interfaces)
  }

  transport(host: string): SynchronousTransport {
    const bindSync = (port: number, address: string, onDatagram: OnDatagram): DatagramSocket =>
      this.#bind({ host, port, address, onDatagram })
    return {
      native: null,
      maxDatagramBytes: 2048,
      bindSync,
      bind: async (...args) => bindSync(...args),
      lookup: async (name) => {
        if (name === 'one.test') return '20.0.0.1'
        throw Object.assign(new Error(`no address of ${name}`), { code: 'ENOTFOUND' })
      },
      networkInterfaces: () => this.interfaces,
      watchInterfaces: (onChange) => {
        this.#watchers.add(onChange)
        return () => this.#watchers.delete(onChange)
      },
    }
  }

  #bind(wanted: { host: string; port: number; address: string; onDatagram: OnDatagram }): DatagramSocket {
    const { host, address, onDatagram } = wanted
    const port = wanted.port === 0 ? this.#nextPort++ : wanted.port
    const key = `${host}:${port}`
    if (address !== '0.0.0.0' && address !== host) throw systemError('EADDRNOTAVAIL')
    if (this.bound.has(key)) throw systemError('EADDRINUSE')
    this.bound.set(key, onDatagram)
    const socket: DatagramSocket = {
      trySend: (bytes, toPort, toHost, ttl) => {
        this.ttls.push(ttl)
        const copy = Uint8Array.from(bytes)
        this.#clock.after(LATENCY_MS, () => {
          this.bound.get(`${toHost}:${toPort}`)?.(copy, host, port, socket)
          copy.fill(0xaa)
        })
      },
      address: () => ({ host: address, family: 4, port }),
      close: async () => void this.bound.delete(key),
    }
    return socket
  }
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code })
}
