/** Values as text, for the console of the page. Short: it is read by people. */
import DHT from 'xorpc'
import { toHex } from '../model/tutorial-node.js'

/** Of one line. */
const MAX_CHARS = 2000
const MAX_ITEMS = 40
const MAX_DEPTH = 3

/** What `console.log` prints for these. */
export function print(values: readonly unknown[]): string {
  const text = values.map((value) => (typeof value === 'string' ? value : show(value, 0))).join(' ')
  return text.length > MAX_CHARS ? `${text.slice(0, MAX_CHARS)}…` : text
}

function show(value: unknown, depth: number): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'function') return `function ${value.name}`
  if (typeof value === 'symbol') return value.toString()
  if (typeof value !== 'object' || value === null) return String(value)
  if (value instanceof Error) return `${value.name}: ${value.message}`
  if (value instanceof Uint8Array) return `‹${value.length} bytes ${toHex(value.subarray(0, 8))}…›`
  if (value instanceof DHT) return `‹node ${value.host ?? 'without an address'}›`
  if (depth >= MAX_DEPTH) return '…'
  if (Array.isArray(value)) return list(value, '[', ']', (item) => show(item, depth + 1))
  if (value instanceof Map) return `Map ${list([...value], '{', '}', (pair) => show(pair, depth + 1))}`
  if (value instanceof Set) return `Set ${list([...value], '{', '}', (item) => show(item, depth + 1))}`
  const pairs = Object.entries(value)
  return list(pairs, '{ ', ' }', ([name, item]) => `${name}: ${show(item, depth + 1)}`)
}

function list<T>(items: readonly T[], open: string, close: string, one: (item: T) => string): string {
  const shown = items.slice(0, MAX_ITEMS).map(one)
  if (items.length > MAX_ITEMS) shown.push(`… ${items.length - MAX_ITEMS} more`)
  return open + shown.join(', ') + close
}
