/**
 * What the code in the page's editor can use: a handful of functions around the live network. The nodes they give are
 * real ones, with everything that a `DHT` of xorpc has. The names are those of the written tutorial where they mean the
 * same.
 *
 * `code-help.ts` documents them for the page.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import DHT from 'xorpc'
import { Records } from 'xorpc/records'
import * as keyspace from '../model/keyspace.js'
import type { StartOptions, TutorialNetwork } from '../model/tutorial-network.js'
import { GET, PUT, toHex, type TutorialNode } from '../model/tutorial-node.js'
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
    Records,
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
    keepRecords: () => host.network.records.start(),
    recordsOf: (node: TutorialNode) => memberOf(node).node.keepRecords(),
    showRecord: (name: string, publicKey: Uint8Array) => host.network.showRecord(name, publicKey),
    recordHolders: () => host.network.records.holders().map(({ node }) => node),
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
