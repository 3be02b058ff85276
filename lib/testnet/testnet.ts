/// <reference lib="esnext.disposable" preserve="true" />
/**
 * A network of real nodes on the loopback interface: who starts when, on which port, and that none is left over.
 *
 * Invariants: a node is registered before anything of it is awaited, so `destroy` always ends all of them; after
 * `destroy` has begun, no node is made. What the caller cannot have yet is destroyed when starting fails.
 */
import { isIPv4 } from '../primitives/address.js'
import { abortError, DHTError, hasCode } from '../primitives/errors.js'
import { systemRandom } from '../primitives/random.js'
import type { AbortSignalLike } from '../primitives/signal.js'
import { checkInteger, checkLimits } from '../node/arguments.js'
import type { WaitOptions } from '../node/call.js'
import { DHT } from '../node/dht.js'
import { describe } from '../node/describe.js'
import { type DHTOptions, parseOptions } from '../node/options.js'

/** Options of {@link createTestnet}; all optional. */
export interface TestnetOptions<T extends DHT = DHT> {
  /**
   * IPv4 address of all nodes. Default `'127.0.0.1'`. Where a test kills nodes while others run on the same machine,
   * take another one of 127.0.0.0/8 (Linux has them all): ids are hashes of addresses, so a node of another network
   * that gets the port of a dead one would take its place in yours.
   */
  host?: string
  /** Port of the bootstrapper. Default 0: a free one. */
  port?: number
  /** Options of every node. `host` and `bootstrap` are the network's own, and nodes are not ephemeral by default. */
  node?: DHTOptions
  /**
   * Makes a node, also the bootstrapper and later ones, from options that it passes on: for subclasses, and to add
   * listeners before the node joins. Default: `(options) => new DHT(options)`.
   */
  create?: (options: DHTOptions) => T
  /** Nodes that join at a time: more are quicker, fewer find those before them. Default 10. */
  concurrency?: number
  /** Ends the start: what was started is destroyed, and the promise rejects with the signal's reason. */
  signal?: AbortSignalLike | null
  /** Is called at once with the function that destroys the network: `t.teardown` of brittle, `after` of others. */
  teardown?: (destroy: () => Promise<void>) => unknown
}

/** Each node has two sockets, so this many take a third of a host's ports. */
const MAX_SIZE = 10_000

/**
 * Where free ports are looked for: below those that systems give to sockets on port 0 (from 32768 on Linux, from 49152
 * elsewhere), so nobody gets the port of the bootstrapper by chance while that is suspended or destroyed.
 */
const FIRST_PORT = 20_000
const PORT_COUNT = 12_000

/** Ports tried before the error counts: as many in a row are taken on no machine. */
const PORTS_TRIED = 20

const DEFAULT_SIZE = 10
const DEFAULT_HOST = '127.0.0.1'
const DEFAULT_CONCURRENCY = 10

/** Checked options. */
interface Config<T extends DHT> {
  host: string
  /** 0: any. */
  port: number
  node: DHTOptions
  create: (options: DHTOptions) => T
  concurrency: number
  signal: AbortSignalLike | null
}

/**
 * Starts a network of real nodes on UDP sockets of the loopback interface. Nothing leaves the machine.
 *
 * All nodes have joined, and are persistent unless `node` says otherwise, when it resolves.
 *
 * @param size nodes, including the bootstrapper; 1 to 10000, default 10
 * @returns rejects with DHTError BIND_FAILED, NODE_DESTROYED (destroyed while starting), the signal's reason, or what
 *   `create` threw; no node is left then
 * @throws TypeError or RangeError for arguments that make no sense
 * @example
 * const testnet = await createTestnet(20)
 * const node = new DHT({ bootstrap: testnet.bootstrap }) // the application under test
 * await testnet.destroy()
 * @example
 * test('my app', async (t) => {
 *   const { nodes, createNode } = await createTestnet(20, {
 *     create: (options) => new MyNode(options),
 *     teardown: t.teardown,
 *   })
 * })
 */
export function createTestnet<T extends DHT = DHT>(
  size: number = DEFAULT_SIZE,
  options: TestnetOptions<T> = {},
): Promise<Testnet<T>> {
  checkInteger(size, 'size', 1, MAX_SIZE)
  const config = parseTestnet(options)
  const members = new Members<T>()
  options.teardown?.(() => members.destroy())
  return start(size, config, members)
}

/**
 * A running network.
 *
 * `createNode` and `destroy` may be taken out of it: `const { nodes, destroy } = await createTestnet()`.
 */
export interface Testnet<T extends DHT = DHT> {
  /** What others join through: hand it to `new DHT({ bootstrap })`. */
  readonly bootstrap: { host: string; port: number }[]
  /** The first of `nodes`. */
  readonly bootstrapper: T
  /** All nodes in the order in which they were made, also later ones, and those that you destroyed since. */
  readonly nodes: readonly T[]
  /**
   * One more node, which is destroyed with the network.
   *
   * @param options go before those of the network, so `{ ephemeral: true }` makes a client
   * @param wait `signal`, `deadlineMs`: the node is destroyed when they end the wait
   * @returns the node when it has joined; rejects like `fullyBootstrapped`, and the node is gone then
   * @throws TypeError or RangeError for options that make no sense; DHTError NODE_DESTROYED after `destroy`
   * @example
   * const client = await testnet.createNode({ ephemeral: true })
   */
  createNode(options?: DHTOptions, wait?: WaitOptions): Promise<T>
  /** Ends all nodes. Idempotent; never rejects. */
  destroy(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** The nodes of one network. BOUNDED: by the nodes that the owner of the network asked for. */
class Members<T extends DHT> {
  readonly nodes: T[] = []
  #destroying: Promise<void> | null = null

  /** Makes a node with `make`, which is ours from then on. @throws DHTError NODE_DESTROYED, or what `make` threw */
  add(make: () => T): T {
    if (this.#destroying !== null) throw new DHTError('NODE_DESTROYED', 'Testnet destroyed')
    const node = make()
    this.nodes.push(node)
    return node
  }

  /** Waits until a member has joined. One that does not is destroyed, and no member any more. */
  async join(node: T, wait: WaitOptions): Promise<T> {
    try {
      await node.fullyBootstrapped(wait)
      return node
    } catch (err) {
      this.nodes.splice(this.nodes.indexOf(node), 1)
      await node.destroy()
      throw err
    }
  }

  destroy(): Promise<void> {
    this.#destroying ??= Promise.all(this.nodes.map((node) => node.destroy())).then(() => {})
    return this.#destroying
  }
}

async function start<T extends DHT>(size: number, config: Config<T>, members: Members<T>): Promise<Testnet<T>> {
  const { signal } = config
  try {
    if (signal?.aborted) throw abortError(signal.reason)
    const testnet = openTestnet(await startBootstrapper(config, members), config, members)
    while (members.nodes.length < size) {
      const count = Math.min(config.concurrency, size - members.nodes.length)
      // Async, so that what `create` throws is a rejection beside those of the nodes that were made before it.
      await Promise.all(Array.from({ length: count }, async () => testnet.createNode({}, { signal })))
    }
    return testnet
  } catch (err) {
    await members.destroy()
    throw err
  }
}

function openTestnet<T extends DHT>(bootstrapper: T, config: Config<T>, members: Members<T>): Testnet<T> {
  const bootstrap = [{ host: config.host, port: bootstrapper.port }]
  const defaults = { ephemeral: false, ...config.node, host: config.host, bootstrap }
  const destroy = (): Promise<void> => members.destroy()
  return {
    bootstrap,
    bootstrapper,
    nodes: members.nodes,
    createNode(options = {}, wait = {}) {
      checkLimits(wait)
      return members.join(
        members.add(() => config.create({ ...defaults, ...options })),
        wait,
      )
    },
    destroy,
    [Symbol.asyncDispose]: destroy,
  }
}

/** A bootstrapper must be told its port. That it is free shows only when it is bound, so others are tried then. */
async function startBootstrapper<T extends DHT>(config: Config<T>, members: Members<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    const port = config.port === 0 ? FIRST_PORT + systemRandom.below(PORT_COUNT) : config.port
    const node = members.add(() => makeBootstrapper(port, config))
    try {
      await members.join(node, config)
    } catch (err) {
      if (config.port !== 0 || tried === PORTS_TRIED || !hasCode(err, 'BIND_FAILED')) throw err
      continue
    }
    if (node.address()?.port === port) return node
    throw new TypeError('create must pass its options on to the node')
  }
}

function makeBootstrapper<T extends DHT>(port: number, { host, node, create }: Config<T>): T {
  // It makes the node by `new this(options)`. A function in the place of the class has `create` make it instead.
  const maker = function (options: DHTOptions): T {
    return create(options)
  } as unknown as typeof DHT
  const own = { port: [port, port + 1], ephemeral: false, firewalled: false, anyPort: false, bootstrap: [] } as const
  return DHT.bootstrapper.call(maker, port, host, { ...node, ...own, host }) as T
}

function parseTestnet<T extends DHT>(options: TestnetOptions<T>): Config<T> {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`options must be an object, got ${describe(options)}`)
  }
  const { host = DEFAULT_HOST, port = 0, node = {}, concurrency = DEFAULT_CONCURRENCY, signal = null } = options
  if (typeof host !== 'string' || !isIPv4(host)) {
    throw new TypeError(`host must be an IPv4 address, got ${describe(host)}`)
  }
  if (host === '0.0.0.0') throw new TypeError('host must be the address of one interface, got "0.0.0.0"')
  for (const name of ['create', 'teardown'] as const) {
    const value: unknown = options[name]
    if (value !== undefined && typeof value !== 'function') {
      throw new TypeError(`${name} must be a function, got ${describe(value)}`)
    }
  }
  checkInteger(port, 'port', 0, 65535)
  checkInteger(concurrency, 'concurrency', 1, MAX_SIZE)
  checkLimits({ signal })
  parseOptions(node)
  return { host, port, node, create: checkedCreate(options.create), concurrency, signal }
}

/** @returns a function that throws TypeError when `create` made something else */
function checkedCreate<T extends DHT>(create: TestnetOptions<T>['create']): (options: DHTOptions) => T {
  if (create === undefined) return (options) => new DHT(options) as T
  return (options) => {
    const node: unknown = create(options)
    if (node instanceof DHT) return node as T
    throw new TypeError(`create must return a DHT, got ${describe(node)}`)
  }
}
