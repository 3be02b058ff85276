/** Options and failures in the words of dht-rpc, whatever is passed: programs written for it must not begin to throw. */
import test from 'brittle'
import fc from 'fast-check'
import { bindFailure, plainly, queryFailure } from '../../lib/dht-rpc/errors.js'
import { type DHTOptions, toNodeOptions, usableNodes } from '../../lib/dht-rpc/options.js'
import { isIPv4, isPort } from '../../lib/primitives/address.js'
import { DHTError, type DHTErrorCode } from '../../lib/primitives/errors.js'
import { holds } from '../helpers/properties.js'

const anything = fc.anything()

test('options: flags are flags, null means the default, and only a bad bootstrap list throws', (t) => {
  const options = fc.record(
    {
      ephemeral: anything,
      anyPort: anything,
      filterNode: anything,
      nodes: fc.oneof(anything, fc.array(anything)),
      maxWindow: fc.oneof(anything, fc.nat(100_000)),
      adaptiveTimeout: fc.oneof(anything, fc.record({ min: anything, max: anything, initial: anything })),
      other: anything,
    },
    { requiredKeys: [] },
  )
  holds(
    t,
    fc.property(options, (given) => {
      const out = toNodeOptions(given as DHTOptions, {} as never) as Record<string, unknown>
      for (const name of ['ephemeral', 'anyPort'] as const) {
        const value = given[name]
        const expected = value === null || value === undefined ? undefined : Boolean(value)
        if (out[name] !== expected) return false
      }
      if (typeof out['maxWindow'] === 'number' && out['maxWindow'] > 8192) return false
      return out['filterNode'] === undefined || out['filterNode'] === given.filterNode
    }),
    { numRuns: 500 },
  )
})

test('options: nodes that cannot be asked are left out', (t) => {
  const node = fc.oneof(
    anything,
    fc.record({ host: fc.oneof(anything, fc.ipV4()), port: fc.oneof(anything, fc.nat(70_000)) }),
  )
  holds(
    t,
    fc.property(fc.array(node), (nodes) => {
      const usable = usableNodes(nodes as { host: string; port: number }[])
      return (
        usable.every(({ host, port }) => isIPv4(host) && isPort(port)) && usable.every((one) => nodes.includes(one))
      )
    }),
  )
})

test('errors: what was given up ends a query that reads, and fails one that writes', (t) => {
  const codes: DHTErrorCode[] = [
    'REQUEST_DESTROYED',
    'IO_SUSPENDED',
    'NODE_DESTROYED',
    'TOO_FEW_NODES',
    'COMMIT_FAILED',
  ]
  holds(
    t,
    fc.property(fc.constantFrom(...codes), fc.boolean(), anything, (code, writes, cause) => {
      const failure = queryFailure(new DHTError(code, undefined, { cause }), writes)
      if (['REQUEST_DESTROYED', 'IO_SUSPENDED', 'NODE_DESTROYED'].includes(code)) return (failure === null) === !writes
      return failure instanceof Error
    }),
  )
  holds(
    t,
    fc.property(anything, (thrown) => {
      if (bindFailure(thrown) !== thrown) return false
      try {
        plainly(() => {
          throw thrown
        })
        return false
      } catch (error) {
        return thrown instanceof Error ? (error as Error).cause === thrown : error === thrown || Number.isNaN(thrown)
      }
    }),
  )
  t.is(bindFailure(new DHTError('BIND_FAILED', undefined, { cause: codes })), codes)
})
