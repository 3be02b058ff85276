/** The parts of hyperdht and hyperswarm that the tests use, as their READMEs describe them; they ship no types. */
import type { EventEmitter } from 'node:events'
import type { Duplex } from 'node:stream'

export interface Address {
  host: string
  port: number
}

export interface Peer extends Address {
  id: Buffer | null
}

export interface KeyPair {
  publicKey: Buffer
  secretKey: Buffer
}

/** A stream of NoiseSecretStream's. */
export interface SecretStream extends Duplex {
  readonly publicKey: Buffer
  readonly remotePublicKey: Buffer
  readonly handshakeHash: Buffer
}

export interface Server extends EventEmitter {
  readonly publicKey: Buffer
  listen(keyPair?: KeyPair): Promise<unknown>
  close(): Promise<void>
  refresh(): void
  address(): Address & { publicKey: Buffer }
}

export interface ServerOptions {
  firewall?(remotePublicKey: Buffer, payload: unknown): boolean | Promise<boolean>
  shareLocalAddress?: boolean
}

export interface ConnectOptions {
  localConnection?: boolean
  fastOpen?: boolean
  pool?: ConnectionPool
  keyPair?: KeyPair
}

export interface ConnectionPool extends EventEmitter {
  has(publicKey: Buffer): boolean
  get(publicKey: Buffer): SecretStream | null
}

export interface LookupReply {
  from: Peer
  to: Address
  peers: { publicKey: Buffer; relayAddresses: Address[] }[]
}

export interface HyperQuery<T> extends AsyncIterable<T> {
  readonly closestNodes: Peer[]
  readonly closestReplies: { from: Peer }[]
  finished(): Promise<void>
  destroy(error?: Error): void
}

export interface HyperDHT extends EventEmitter {
  readonly id: Buffer | null
  readonly host: string | null
  readonly port: number
  readonly firewalled: boolean
  readonly ephemeral: boolean
  readonly suspended: boolean
  readonly destroyed: boolean
  readonly defaultKeyPair: KeyPair
  readonly stats: { punches: { consistent: number; random: number; open: number }; requests: { total: number } }
  readonly io: { _tid: number }
  fullyBootstrapped(): Promise<void>
  address(): Address & { family: number }
  remoteAddress(): Address | null
  createServer(options?: ServerOptions | OnConnection, onConnection?: OnConnection): Server
  connect(publicKey: Buffer | string, options?: ConnectOptions): SecretStream
  pool(): ConnectionPool
  lookup(topic: Buffer, options?: object): HyperQuery<LookupReply>
  announce(topic: Buffer, keyPair: KeyPair, relays?: Address[], options?: object): HyperQuery<LookupReply>
  unannounce(topic: Buffer, keyPair: KeyPair, options?: object): Promise<void>
  findPeer(publicKey: Buffer, options?: object): HyperQuery<{ from: Peer }>
  immutablePut(value: Buffer, options?: object): Promise<{ hash: Buffer; closestNodes: Peer[] }>
  immutableGet(hash: Buffer, options?: object): Promise<{ value: Buffer; from: Peer } | null>
  mutablePut(keyPair: KeyPair, value: Buffer, options?: { seq?: number }): Promise<{ seq: number; publicKey: Buffer }>
  mutableGet(
    publicKey: Buffer,
    options?: { seq?: number; latest?: boolean },
  ): Promise<{ value: Buffer; seq: number; from: Peer } | null>
  suspend(): Promise<void>
  resume(): Promise<void>
  destroy(options?: { force?: boolean }): Promise<void>
}

export type OnConnection = (stream: SecretStream) => void

export interface HyperDHTClass {
  new (options: object): HyperDHT
  bootstrapper(port: number, host: string, options?: object): HyperDHT
  keyPair(seed?: Buffer): KeyPair
  readonly DEFAULTS: object
}

export interface Discovery {
  flushed(): Promise<void>
  destroy(): Promise<void>
}

export interface Hyperswarm extends EventEmitter {
  readonly dht: HyperDHT
  readonly connections: Set<SecretStream>
  readonly peers: Map<string, unknown>
  join(topic: Buffer, options?: { server?: boolean; client?: boolean }): Discovery
  leave(topic: Buffer): Promise<void>
  flush(): Promise<void>
  suspend(): Promise<void>
  resume(): Promise<void>
  destroy(): Promise<void>
}

export interface HyperswarmClass {
  new (options: object): Hyperswarm
}
