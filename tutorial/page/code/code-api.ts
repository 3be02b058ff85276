/**
 * What the code in the page's editor can use: a handful of functions around the live network. The nodes they give are
 * real ones, with everything that a `DHT` of xorpc has. The names are those of the written tutorial where they mean the
 * same.
 *
 * {@link API_HELP} documents them for the page.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import DHT from 'xorpc'
import * as keyspace from '../model/keyspace.js'
import type { StartOptions, TutorialNetwork } from '../model/tutorial-network.js'
import { GET, PUT, toHex, TutorialNode } from '../model/tutorial-node.js'
import type { Member } from '../model/roster.js'
import type { Names } from './code-runner.js'

/** What the code can do to the page besides the network. */
export interface CodeHost {
  /** The network that is shown; another one after `startOver`. */
  readonly network: TutorialNetwork
  /** Starts over with so many nodes. */
  startOver(count: number): Promise<void>
  /** Adds nodes as fast as the machine can. */
  grow(count: number): Promise<Member[]>
  /** Lets time fly until this is done. */
  hurry<T>(work: Promise<T>): Promise<T>
  setSpeed(speed: number): void
  select(key: number): void
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Name, what follows it, and what it does. */
export const API_HELP: readonly [name: string, args: string, does: string][] = [
  ['startNetwork', '(count)', 'starts over: a network of so many nodes, the first a bootstrapper; 0: nobody'],
  ['growNetwork', '(count)', 'adds persistent nodes until there are so many'],
  ['startNode', '(options?)', 'a node that has joined; options of new DHT(), and nat: open, firewalled, …'],
  ['startVisitor', '()', 'an ephemeral node: it asks, but is in nobody’s table'],
  ['bootstrapper', '()', 'a node at a well-known address, for others to join through'],
  ['nodes', '()', 'the living nodes, in the order in which they came'],
  ['kill', '(...nodes)', 'their machines stop, without a word'],
  ['firewall', '(...nodes)', 'only answers reach them from now on'],
  ['cutInTwo, heal', '()', 'cuts the network in two halves, and puts it together again'],
  ['setLoss', '(share)', 'loses this share of all datagrams, 0 to 1'],
  ['holders', '(target)', 'the living nodes that keep a value for the target'],
  ['hash', '(text)', 'where a key lives: its SHA-256, 32 bytes'],
  ['distance, sharedBits', '(a, b)', 'of two ids: the XOR as a bigint, the leading bits in common'],
  ['toHex, toText, toBytes', '(x)', 'bytes as digits, bytes as text, text as bytes'],
  ['sleep', '(ms)', 'waits, in virtual time'],
  ['hurry', '(promise)', 'lets time fly until the promise is settled'],
  ['once', '(node, event)', 'waits for an event of a node, such as persistent or add-node'],
  ['speed', '(x)', 'the clock: 1 as in reality, 0.1 ten times slower'],
  ['select', '(node)', 'shows a node in the picture'],
  ['nameOf', '(node)', 'what the page calls it'],
  ['PUT, GET', '', 'commands that every node here knows: keep a value (with a token), give it back'],
  ['DHT', '', 'the class, for its constants; console.log prints below the editor'],
]

/** The names for one run of code. */
export function createCodeApi(host: CodeHost): Names {
  const memberOf = (node: TutorialNode): Member => {
    const member = host.network.roster.of(node)
    if (member === undefined) throw new TypeError('this is no node of the present network')
    return member
  }
  const members = (nodes: TutorialNode[]): Member[] => nodes.flat().map(memberOf)
  const living = (): TutorialNode[] => host.network.roster.living().map(({ node }) => node)
  const join = async ({ node }: Member): Promise<TutorialNode> => {
    await host.network.wait(host.hurry(node.fullyBootstrapped()))
    return node
  }
  return {
    DHT,
    PUT,
    GET,
    async startNetwork(count = 0) {
      await host.startOver(count)
      return living()
    },
    async growNetwork(count: number) {
      await host.grow(Math.max(0, count - host.network.roster.living().length))
      return living()
    },
    startNode: (options: StartOptions = {}) => join(host.network.createNode({ ...options, showJoin: true })),
    startVisitor: () => join(host.network.createNode({ ephemeral: true })),
    bootstrapper: () => join(host.network.bootstrapper()),
    nodes: living,
    kill: (...nodes: TutorialNode[]) => host.network.kill(members(nodes)),
    firewall: (...nodes: TutorialNode[]) => host.network.setNat(members(nodes), 'firewalled'),
    cutInTwo: () => host.network.cutInTwo(),
    heal: () => host.network.heal(),
    setLoss: (share: number) => host.network.setLoss(share),
    holders: (target: Uint8Array) => host.network.holders(toHex(target)).map(({ node }) => node),
    hash: (key: string | Uint8Array) => sha256(typeof key === 'string' ? encoder.encode(key) : key),
    distance: (a: Uint8Array, b: Uint8Array) => keyspace.distance(toHex(a), toHex(b)),
    sharedBits: (a: Uint8Array, b: Uint8Array) => keyspace.sharedBits(toHex(a), toHex(b)),
    toHex,
    toText: (bytes: Uint8Array | null) => (bytes === null ? null : decoder.decode(bytes)),
    toBytes: (text: string) => encoder.encode(text),
    sleep: (ms: number) =>
      host.network.wait(new Promise<void>((resolve) => void host.network.sim.clock.after(ms, resolve))),
    hurry: (work: Promise<unknown>) => host.hurry(host.network.wait(Promise.resolve(work))),
    once: (node: TutorialNode, event: 'persistent') =>
      host.network.wait(new Promise((resolve) => node.once(event, (...args: unknown[]) => resolve(args[0])))),
    speed: (value: number) => host.setSpeed(value),
    select: (node: TutorialNode) => host.select(memberOf(node).key),
    nameOf: (node: TutorialNode) => host.network.nameOf(node),
  }
}
