/**
 * The two implementations that are compared, behind one shape.
 *
 * Both have the same API, so this is only about loading them by name and typing the part that is measured. What is
 * set here is set for both: every other option stays at its default.
 */
import { createRequire } from 'node:module'
import type { Address } from '../lib/primitives/address.js'
import { freePort, HOST } from './free-port.js'

export type SubjectName = 'xorpc' | 'dht-rpc'

export { freePort, HOST }

export interface BenchReply {
  error: number
  closerNodes: Address[] | null
}

export interface BenchQuery {
  closestNodes: { id: Uint8Array }[]
  finished(): Promise<void>
}

/** The part of a node that is measured. */
export interface BenchNode {
  /** 32-byte id, or null while ephemeral. */
  id: Uint8Array | null
  ephemeral: boolean
  stats: { requests: { total: number; retries: number } }
  fullyBootstrapped(): Promise<void>
  addNode(contact: Address): void
  on(event: 'request', listener: (request: { reply(value: Uint8Array): void }) => void): void
  request(message: { command: number; target: Uint8Array; value: Uint8Array }, to: Address): Promise<BenchReply>
  ping(to: Address): Promise<BenchReply>
  findNode(target: Uint8Array): BenchQuery
}

/** Options passed to either implementation. */
export interface BenchOptions {
  host?: string
  bootstrap?: string[]
  ephemeral?: boolean
  udx?: unknown
}

export interface Subject {
  new (options: BenchOptions): BenchNode
  bootstrapper(port: number, host: string, options: BenchOptions): BenchNode
}

// Specifiers are values, so that neither package needs type declarations and a missing build is a runtime message.
const SPECIFIERS: Record<SubjectName, string> = {
  xorpc: new URL('../index.js', import.meta.url).href,
  'dht-rpc': 'dht-rpc',
}

const PACKAGE_FILES: Record<SubjectName, string> = {
  xorpc: '../../package.json',
  'dht-rpc': 'dht-rpc/package.json',
}

/** Loads an implementation. Rejects where it is not built or not installed. */
export async function loadSubject(name: SubjectName): Promise<Subject> {
  const loaded = (await import(SPECIFIERS[name]).catch((cause: unknown) => {
    throw new Error(`${name} cannot be loaded: is it built, and installed?`, { cause })
  })) as { default: Subject }
  return loaded.default
}

/** Version of an implementation, as its package says. */
export function versionOf(name: SubjectName): string {
  const read = createRequire(import.meta.url)
  return (read(PACKAGE_FILES[name]) as { version: string }).version
}

/** A persistent node that knows its own address without asking anybody, ready. */
export async function startBootstrapper(subject: Subject, options: BenchOptions = {}): Promise<[BenchNode, Address]> {
  const address = { host: HOST, port: await freePort() }
  const node = subject.bootstrapper(address.port, HOST, { host: HOST, ...options })
  await node.fullyBootstrapped()
  return [node, address]
}
