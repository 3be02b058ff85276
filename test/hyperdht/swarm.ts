/** Networks of HyperDHT nodes on the loopback interface, gone when the test is over. */
import { once } from 'node:events'
import type { Assert } from 'brittle'
import { type Engine, installation } from '../../bench/hyperdht/installation.js'
import type { Address, HyperDHT, SecretStream } from '../../bench/hyperdht/packages.js'

/** Nothing leaves this address. */
export const HOST = '127.0.0.1'

/** Order of teardown: the network goes last, for others say goodbye to it. */
const LAST = 2

export interface Swarm {
  nodes: HyperDHT[]
  bootstrap: Address[]
}

/** A persistent network: one node on each of these engines. */
export async function startSwarm(t: Assert, engines: readonly Engine[]): Promise<Swarm> {
  const nodes: HyperDHT[] = []
  let bootstrap: Address[] = []
  for (const engine of engines) {
    const node = await startNode(t, engine, { bootstrap }, { ephemeral: false, firewalled: false }, LAST)
    nodes.push(node)
    if (bootstrap.length === 0) bootstrap = [{ host: HOST, port: node.address().port }]
  }
  return { nodes, bootstrap }
}

/** A node that has joined. Without options it is one of a user: ephemeral, and firewalled until it knows better. */
export async function startNode(
  t: Assert,
  engine: Engine,
  { bootstrap }: Pick<Swarm, 'bootstrap'>,
  options: object = {},
  order = 1,
): Promise<HyperDHT> {
  const { HyperDHT } = await installation(engine)
  const node = new HyperDHT({ bootstrap, host: HOST, ...options })
  t.teardown(() => node.destroy({ force: true }), { order })
  await node.fullyBootstrapped()
  return node
}

/** Alternating engines. */
export function mixed(count: number): Engine[] {
  return Array.from({ length: count }, (_, i) => (i % 2 === 0 ? 'xorpc' : 'dht-rpc'))
}

export function all(engine: Engine, count: number): Engine[] {
  return Array.from({ length: count }, () => engine)
}

/** Answers every chunk in capitals, and ends when the other side does. */
export function shout(stream: SecretStream): void {
  stream.on('error', () => {})
  stream.on('data', (chunk: Buffer) => stream.write(chunk.toString().toUpperCase()))
  stream.on('end', () => stream.end())
}

/** Sends, waits for the answer. */
export async function say(stream: SecretStream, text: string): Promise<string> {
  const answer = once(stream, 'data')
  stream.write(text)
  const [chunk] = (await answer) as [Buffer]
  return chunk.toString()
}

/** Ends our side, waits until both are closed. */
export async function hangUp(stream: SecretStream): Promise<void> {
  const closed = closing(stream)
  stream.resume()
  stream.end()
  await closed
}

/** Resolves when the stream is closed, whatever closes it. */
export function closing(stream: SecretStream): Promise<void> {
  stream.on('error', () => {})
  return new Promise((resolve) => stream.once('close', resolve))
}

/** All that a query yields. */
export async function collect<T>(query: AsyncIterable<T>): Promise<T[]> {
  const out: T[] = []
  for await (const item of query) out.push(item)
  return out
}
