/**
 * The class of dht-rpc and ours, behind our types. What the list of members that HyperDHT needs says is checked on both:
 * on theirs that we understood it, on ours that it holds.
 */
import test, { type Assert } from 'brittle'
import TheirDHT from 'dht-rpc'
import { DHT } from '../../lib/dht-rpc/index.js'
import type { DHTOptions } from '../../lib/dht-rpc/index.js'
import { freePort } from '../helpers/nodes.js'
import type { Engine } from '../../bench/hyperdht/installation.js'

export type DHTClass = typeof DHT

export const HOST = '127.0.0.1'

const CLASSES: readonly [Engine, DHTClass][] = [
  ['xorpc', DHT],
  ['dht-rpc', TheirDHT as unknown as DHTClass],
]

/** A test of both classes. */
export function both(name: string, body: (t: Assert, Class: DHTClass) => unknown): void {
  for (const [engine, Class] of CLASSES) void test(`${name} (${engine})`, (t) => body(t, Class))
}

/** A node that is destroyed after the test; alone in the world unless the options say otherwise. */
export function create(t: Assert, Class: DHTClass, options: DHTOptions = {}): DHT {
  const node = new Class({ bootstrap: [], host: HOST, ...options })
  t.teardown(() => node.destroy())
  return node
}

/** The same, ready. */
export async function start(t: Assert, Class: DHTClass, options: DHTOptions = {}): Promise<DHT> {
  const node = create(t, Class, options)
  await node.fullyBootstrapped()
  return node
}

export async function startBootstrapper(t: Assert, Class: DHTClass, options: DHTOptions = {}): Promise<DHT> {
  const node = Class.bootstrapper(await freePort(), HOST, { host: HOST, ...options })
  t.teardown(() => node.destroy())
  await node.fullyBootstrapped()
  return node
}

/** A bootstrapper, and as many persistent nodes as wanted. */
export async function startNetwork(t: Assert, Class: DHTClass, size: number, options: DHTOptions = {}): Promise<DHT[]> {
  const first = await startBootstrapper(t, Class)
  const nodes = [first]
  while (nodes.length < size) nodes.push(await startPersistent(t, Class, first, options))
  return nodes
}

export async function startPersistent(
  t: Assert,
  Class: DHTClass,
  through: DHT,
  options: DHTOptions = {},
): Promise<DHT> {
  return start(t, Class, { bootstrap: [addressOf(through)], ephemeral: false, firewalled: false, ...options })
}

/** One that stays behind the firewall that every node starts with, unless the options say otherwise. */
export async function startClient(t: Assert, Class: DHTClass, through: DHT, options: DHTOptions = {}): Promise<DHT> {
  return start(t, Class, { bootstrap: [addressOf(through)], ephemeral: true, quickFirewall: false, ...options })
}

/** Where others reach it. */
export function addressOf(node: DHT): { host: string; port: number } {
  return { host: HOST, port: node.io.serverSocket!.address()!.port }
}
