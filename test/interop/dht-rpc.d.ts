/**
 * The part of dht-rpc that the tests use, as its README and the specification describe it; the package ships no types.
 *
 * Our own node is used through the same declarations, so the compiler shows that it can stand in for the other one.
 */
declare module 'dht-rpc' {
  export interface Address {
    host: string
    port: number
  }

  export interface Peer extends Address {
    id: Uint8Array | null
  }

  export interface Reply {
    readonly tid: number
    readonly rtt: number
    readonly from: Peer
    readonly to: Peer
    readonly token: Uint8Array | null
    readonly closerNodes: Peer[] | null
    readonly error: number
    readonly value: Uint8Array | null
  }

  interface AnswerOptions {
    token?: boolean
    closerNodes?: boolean
    to?: Address
  }

  export interface Request {
    readonly tid: number
    readonly from: Peer
    readonly to: Peer
    readonly token: Uint8Array | null
    readonly command: number
    readonly target: Uint8Array | null
    readonly value: Uint8Array | null
    reply(value?: Uint8Array | null, options?: AnswerOptions): void
    error(code: number, options?: AnswerOptions): void
    relay(value: Uint8Array | null, to: Address): void
  }

  export interface Query extends AsyncIterable<Reply> {
    readonly closestReplies: Reply[]
    readonly closestNodes: Peer[]
    finished(): Promise<void>
  }

  export interface Message {
    command: number
    target?: Uint8Array
    value?: Uint8Array
    token?: Uint8Array | null
  }

  export interface RequestOptions {
    retry?: boolean
    size?: number
    /** Ours only. */
    relayed?: boolean
  }

  export interface QueryOptions {
    commit?: boolean | ((reply: Reply, dht: Node, query: object) => Promise<unknown>)
    retries?: number
    nodes?: Address[]
  }

  export interface Options {
    bootstrap?: (string | Address)[]
    host?: string
    port?: number
    udx?: unknown
    ephemeral?: boolean
    firewalled?: boolean
    maxPingDelay?: number
    downHintsRateLimit?: number
    /** Ours only. */
    acceptRelayed?: boolean
    /** Ours only. */
    stableAfterMs?: number
    /** Ours only. */
    transport?: object
  }

  interface CommandCounters {
    tx: number
    rx: number
  }

  /** A node, theirs or ours. */
  export interface Node {
    readonly id: Uint8Array | null
    readonly host: string | null
    readonly port: number
    readonly ephemeral: boolean
    readonly firewalled: boolean
    readonly stats: { commands: { ping: CommandCounters; pingNat: CommandCounters; downHint: CommandCounters } }
    readonly table: { has(id: Uint8Array): boolean }
    fullyBootstrapped(): Promise<void>
    localAddress(): Address | null
    addNode(node: Address): void
    toArray(): Address[]
    ping(to: Address, options?: RequestOptions): Promise<Reply>
    delayedPing(to: Address, delayMs: number, options?: RequestOptions): Promise<Reply>
    request(message: Message, to: Address, options?: RequestOptions): Promise<Reply>
    findNode(target: Uint8Array, options?: QueryOptions): Query
    query(message: Message & { target: Uint8Array }, options?: QueryOptions): Query
    on(event: 'request', listener: (request: Request) => void): unknown
    on(event: 'persistent' | 'add-node' | 'remove-node', listener: () => void): unknown
    destroy(): Promise<void>
  }

  const DHT: {
    new (options: Options): Node
    bootstrapper(port: number, host: string, options: Options): Node
  }
  export default DHT
}
