/**
 * Which modules of lib are pure, and the property test of each.
 *
 * A module is pure when what it decides follows from what it is given: neither it nor what it imports knows sockets,
 * timers, events, promises, a clock, files or the runtime. The only doors it may use are hashes and randomness, which
 * come from the caller, or are those of the system where the caller gives none.
 */
import { parse, type Program } from 'acorn'
import { simple } from 'acorn-walk'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** Doors to the platform that leave a module pure. */
const OPEN_DOORS = new Set(['lib/primitives/hash', 'lib/primitives/random'])

/** Packages that only compute. */
const COMPUTING = /^(b4a|compact-encoding|@noble\/.*)$/

/** What a pure module never calls by name: time comes as a number, and nothing is waited for. */
const IMPURE_NAMES = new Set(['Promise', 'clock', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'])

interface Module {
  imports: string[]
  /** Whether it knows of waiting or time by itself. */
  waits: boolean
  /** Whether it exports a function or a class. */
  decides: boolean
}

function readModule(name: string): Module {
  const program: Program = parse(readFileSync(join(ROOT, 'dist', `${name}.js`), 'utf8'), {
    ecmaVersion: 'latest',
    sourceType: 'module',
  })
  const module: Module = { imports: [], waits: false, decides: false }
  const isAsync = (node: { async: boolean }): void => {
    if (node.async) module.waits = true
  }
  const isImpure = (node: { name: string }): void => {
    if (IMPURE_NAMES.has(node.name)) module.waits = true
  }
  simple(program, {
    ImportDeclaration: ({ source }) => void module.imports.push(String(source.value)),
    ExportNamedDeclaration: ({ source, declaration }) => {
      if (source) module.imports.push(String(source.value))
      if (declaration?.type === 'FunctionDeclaration' || declaration?.type === 'ClassDeclaration') module.decides = true
    },
    ImportExpression: () => void (module.waits = true),
    AwaitExpression: () => void (module.waits = true),
    Function: isAsync,
    Identifier: isImpure,
    PrivateIdentifier: isImpure,
    MemberExpression: ({ property }) => {
      if (property.type === 'Identifier' || property.type === 'PrivateIdentifier') isImpure(property)
    },
  })
  return module
}

/** Names of the pure modules that decide something, such as `lib/wire/varint`. */
export function listPureModules(): string[] {
  const names = readdirSync(join(ROOT, 'lib'), { recursive: true, encoding: 'utf8' })
    .map((path) => `lib/${path.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
    .map((path) => path.slice(0, -'.ts'.length))
  const modules = new Map(names.map((name) => [name, readModule(name)]))
  const isPure = (name: string, path: ReadonlySet<string> = new Set()): boolean => {
    if (OPEN_DOORS.has(name) || path.has(name)) return true
    const module = modules.get(name)
    if (module === undefined || module.waits) return false
    const next = new Set(path).add(name)
    return module.imports.every((from) => {
      return from.startsWith('.') ? isPure(resolve(name, from), next) : COMPUTING.test(from)
    })
  }
  return names.filter((name) => modules.get(name)!.decides && !OPEN_DOORS.has(name) && isPure(name)).sort()
}

function resolve(name: string, from: string): string {
  const path = relative(ROOT, join(ROOT, dirname(name), from))
  return path.replaceAll('\\', '/').replace(/\.js$/, '')
}

/** Property test of each pure module, by its path within lib: the path of the file within test. */
export const PROPERTY_TESTS: Record<string, string> = {
  'commands/down-hint': 'commands/properties',
  'commands/find-node': 'commands/properties',
  'commands/ping': 'commands/properties',
  'commands/ping-nat': 'commands/properties',
  'dht-rpc/errors': 'hyperdht/properties',
  'dht-rpc/options': 'hyperdht/properties',
  'gateway/client-address': 'gateway/rules',
  'gateway/datagram-rules': 'gateway/rules',
  'gateway/destination': 'gateway/rules',
  'gateway/expected-answers': 'gateway/expected-answers',
  'gateway/metrics': 'gateway/books',
  'gateway/origin': 'gateway/rules',
  'gateway/refusal-notices': 'gateway/books',
  'nat/sampler': 'nat/sampler',
  'nat/upgrade': 'nat/upgrade',
  'node/addresses': 'node/properties',
  'node/arguments': 'node/properties',
  'node/bootstrap-list': 'node/properties',
  'node/contacts': 'node/properties',
  'node/cut-suspicion': 'node/cut-suspicion',
  'node/describe': 'node/properties',
  'node/health': 'node/health',
  'node/internal-commands': 'commands/properties',
  'node/senders': 'node/properties',
  'primitives/address': 'primitives/address',
  'primitives/crypto-portable': 'primitives/hash',
  'primitives/errors': 'node/properties',
  'primitives/id': 'primitives/id',
  'primitives/token-bucket': 'primitives/token-bucket',
  'query/candidate': 'query/frontier',
  'query/candidate-table': 'query/candidate-table',
  'query/closer-nodes': 'query/closer-nodes-properties',
  'query/closest-replies': 'query/closest-replies',
  'query/credit': 'query/credit',
  'query/disjoint': 'query/disjoint',
  'query/frontier': 'query/frontier',
  'query/lookup': 'query/lookup-properties',
  'query/heard-nodes': 'query/heard-nodes',
  'query/known-neighbours': 'query/known-neighbours',
  'query/network-size': 'query/network-size',
  'query/omissions': 'query/traversal-properties',
  'query/repeats': 'query/repeats',
  'query/trace-text': 'query/lookup-properties',
  'query/tracer': 'query/lookup-properties',
  'query/traversal': 'query/traversal-properties',
  'records/client/put-outcome': 'records/bookkeeping',
  'records/codec/byte-reader': 'records/bookkeeping',
  'records/codec/chunk-messages': 'records/codec/chunk-tree',
  'records/codec/chunk-tree': 'records/codec/chunk-tree',
  'records/codec/commands': 'records/bookkeeping',
  'records/codec/fields': 'records/bookkeeping',
  'records/codec/hyperdht': 'records/codec/hyperdht',
  'records/codec/large-top': 'records/codec/chunk-tree',
  'records/codec/messages': 'records/codec/record',
  'records/codec/record': 'records/codec/record',
  'records/codec/segment-buffer': 'records/codec/chunk-tree',
  'records/codec/set-messages': 'records/codec/set-messages',
  'records/entry': 'records/dump/dump-format',
  'records/hex': 'records/bookkeeping',
  'records/holder/accounts': 'records/bookkeeping',
  'records/holder/assemblies': 'records/holder/holder-properties',
  'records/holder/bounded-map': 'records/bookkeeping',
  'records/holder/mount': 'records/bookkeeping',
  'records/holder/renewal-budget': 'records/holder/holder-properties',
  'records/holder/served-record': 'records/holder/holder-properties',
  'records/rules/acceptance': 'records/rules/rules',
  'records/rules/expected-holders': 'records/rules/rules',
  'records/rules/lifetime': 'records/rules/rules',
  'records/rules/limits': 'records/rules/rules',
  'records/rules/member-tree': 'records/rules/member-tree',
  'records/rules/neighbourhood': 'records/rules/neighbourhood',
  'records/rules/parts': 'records/rules/parts',
  'records/rules/peer-window': 'records/rules/peer-window',
  'records/rules/placement': 'records/rules/rules',
  'records/rules/quorum': 'records/rules/rules',
  'records/rules/refusal': 'records/rules/rules',
  'records/rules/republish': 'records/rules/rules',
  'records/rules/turns': 'records/rules/parts',
  'records/rules/version': 'records/rules/rules',
  'records/store/entry-codec': 'records/dump/dump-format',
  'records/store/expiry-queue': 'records/bookkeeping',
  'records/store/usage-ledger': 'records/bookkeeping',
  'routing/contact': 'routing/recency',
  'routing/id-trie': 'routing/id-trie',
  'routing/kept-id': 'routing/kept-id',
  'routing/maintenance': 'routing/maintenance',
  'routing/recency': 'routing/recency',
  'routing/table': 'routing/table',
  'rpc/congestion': 'rpc/congestion',
  'rpc/exchange': 'rpc/exchange-list',
  'rpc/exchange-list': 'rpc/exchange-list',
  'rpc/group-list': 'rpc/group-list',
  'rpc/host-budgets': 'rpc/host-budgets',
  'rpc/inbound-limits': 'rpc/inbound-limits',
  'rpc/patience': 'rpc/patience',
  'rpc/recent-round-trips': 'rpc/recent-round-trips',
  'rpc/reply': 'rpc/message-properties',
  'rpc/request': 'rpc/message-properties',
  'rpc/round-trip': 'rpc/round-trip',
  'rpc/stats': 'rpc/message-properties',
  'rpc/tid-table': 'rpc/tid-table',
  'rpc/tokens': 'rpc/message-properties',
  'simulation/arguments': 'simulation/arguments',
  'simulation/distributions': 'simulation/model-properties',
  'simulation/latency': 'simulation/model-properties',
  'simulation/nat': 'simulation/nat',
  'simulation/network-stats': 'simulation/model-properties',
  'simulation/seeded-random': 'simulation/model-properties',
  'simulation/true-closest': 'simulation/model-properties',
  'transport/direct-receive': 'transport/direct-receive',
  'transport/tunnel/bind-error': 'transport/tunnel/sockets',
  'transport/tunnel/credit': 'transport/tunnel/credit',
  'transport/tunnel/datagram-frame': 'transport/tunnel/datagram-frame',
  'transport/tunnel/messages': 'transport/tunnel/messages',
  'transport/tunnel/options': 'transport/tunnel/sockets',
  'transport/tunnel/refusal': 'transport/tunnel/messages',
  'transport/tunnel/route': 'transport/tunnel/route',
  'transport/tunnel/socket': 'transport/tunnel/sockets',
  'transport/udx': 'transport/tunnel/sockets',
  'wire/bytes': 'wire/bytes',
  'wire/commands': 'wire/commands',
  'wire/datagram': 'wire/request',
  'wire/network-seal': 'wire/network-seal',
  'wire/request': 'wire/request',
  'wire/response': 'wire/response',
  'wire/slab': 'wire/slab',
  'wire/varint': 'wire/varint',
}

/** Pure modules that need none, and why. */
export const WITHOUT: Record<string, string> = {
  'dht-rpc/io': 'shows parts of a node under other names, and decides nothing',
  'node/session': 'passes calls on, and ends what is under way: nothing follows from a value',
  'records/records-error': 'an error class with a code',
  'transport/default-gateway': 'names the transport of a runtime',
  'transport/link/global': 'hands the events of the runtime’s own WebSocket on',
  'transport/link/none': 'throws, whatever it is given',
}
