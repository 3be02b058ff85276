/**
 * Options as dht-rpc takes them, made into those of the node. dht-rpc checks next to nothing, and what cannot be used
 * is without effect there: programs that work must not begin to throw.
 */
import { isIPv4, isPort } from '../primitives/address.js'
import { parseBootstrap } from '../node/bootstrap-list.js'
import type { DHTOptions as NodeOptions } from '../node/options.js'
import type { Transport } from '../transport/contract.js'
import { plainly } from './errors.js'

type Nullable<T> = { [K in keyof T]?: T[K] | null | undefined }

/**
 * Options of `new DHT()`: dht-rpc's, and those that xorpc has beside them. `undefined` and `null` mean the default.
 *
 * Other defaults than dht-rpc's: `concurrency` 20, timeouts follow the measured round trips. Another default than
 * xorpc's: `acceptRelayed` true, for requests of the application's.
 */
export interface DHTOptions extends Nullable<NodeOptions> {}

const FLAGS = [
  'adaptive',
  'anyPort',
  'ephemeral',
  'firewalled',
  'quickFirewall',
  'sendDownHints',
  'acceptRelayed',
] as const

/** Functions that judge nodes; `false` means that all are welcome. `addNode` is an older name of it. */
const FILTERS = ['filterNode', 'addNode'] as const

/** Largest window of a node of ours. */
const MAX_WINDOW = 8192

/** Unknown options are left alone, for subclasses, which get the very object that they were passed. */
export function toNodeOptions(options: DHTOptions, transport: Transport): NodeOptions {
  const out = { acceptRelayed: true } as Record<string, unknown>
  for (const [name, value] of Object.entries(options)) if (value !== null && value !== undefined) out[name] = value
  for (const name of FILTERS) if (!out[name]) delete out[name]
  for (const name of FLAGS) if (name in out) out[name] = Boolean(out[name])
  plainly(() => parseBootstrap(options.bootstrap))
  if (Array.isArray(out['nodes'])) out['nodes'] = usableNodes(out['nodes'] as Place[])
  if (typeof out['maxWindow'] === 'number') out['maxWindow'] = Math.min(out['maxWindow'], MAX_WINDOW)
  if (out['adaptiveTimeout'] !== undefined) out['adaptiveTimeout'] = toTimeouts(out['adaptiveTimeout'])
  return { ...out, transport }
}

/** Of dht-rpc's settings of adaptive timeouts only the bounds mean something here, and only where they make sense. */
function toTimeouts(option: unknown): NodeOptions['adaptiveTimeout'] {
  if (typeof option !== 'object' || option === null) return true
  const { min, max, initial } = option as { min?: unknown; max?: unknown; initial?: unknown }
  const bounds: { min?: number; max?: number; initial?: number } = {}
  if (isDuration(min)) bounds.min = min
  if (isDuration(max)) bounds.max = max
  if (isDuration(initial)) bounds.initial = initial
  if (bounds.min !== undefined && bounds.max !== undefined && bounds.min > bounds.max) return true
  return bounds
}

function isDuration(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && value < Infinity
}

interface Place {
  host: string
  port: number
}

/** Those that can be asked. Lists of nodes come from strangers, such as the relays that a peer announces. */
export function usableNodes<T extends Place>(nodes: readonly T[]): T[] {
  return nodes.filter(
    (node) =>
      typeof node === 'object' &&
      node !== null &&
      typeof node.host === 'string' &&
      isIPv4(node.host) &&
      isPort(node.port),
  )
}
