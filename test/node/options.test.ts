import test from 'brittle'
import DHT from '../../index.js'
import { describe } from '../../lib/node/describe.js'
import { type DHTOptions, parseOptions } from '../../lib/node/options.js'
import { errorOf } from '../helpers/errors.js'

const NO_OPTION = {} as DHTOptions

test('options: defaults', (t) => {
  const config = parseOptions(NO_OPTION)
  t.alike(config, {
    bootstrap: [],
    nodes: [],
    contacts: [],
    contactStore: null,
    networkId: null,
    portRange: [0, 0],
    host: '0.0.0.0',
    anyPort: true,
    ephemeral: null,
    adaptive: true,
    firewalled: true,
    quickFirewall: true,
    concurrency: 20,
    maxWindow: 80,
    maxPingDelay: 10_000,
    filterNode: null,
    sendDownHints: true,
    downHintsRateLimit: 50,
    retryBounds: { initialMs: 1000, minMs: 250, maxMs: 1500 },
    stableAfterMs: 1_200_000,
    pingIntervalMs: 40_000,
    refreshIntervalMs: 300_000,
    acceptRelayed: false,
    trace: null,
    inboundLimits: {},
  })
  t.alike(DHT.DEFAULTS, { concurrency: 20, maxWindow: 80, maxPingDelay: 10_000 })
})

test('options: undefined and null mean the default', (t) => {
  const names = Object.keys(parseOptions(NO_OPTION)).concat(['port', 'udx', 'addNode', 'adaptiveTimeout'])
  for (const value of [undefined, null]) {
    const options = Object.fromEntries(names.map((name) => [name, value]))
    t.alike(parseOptions(options), parseOptions(NO_OPTION), String(value))
  }
})

test('options: unknown keys are left alone, for subclasses', (t) => {
  t.alike(parseOptions({ keyPair: 1 } as DHTOptions), parseOptions(NO_OPTION))
})

test('options: a node is adaptive unless it was told what to be', (t) => {
  const rows: [DHTOptions, boolean | null, boolean][] = [
    [{}, null, true],
    [{ adaptive: false }, null, false],
    [{ ephemeral: true }, true, false],
    [{ ephemeral: false }, false, false],
    [{ ephemeral: false, adaptive: true }, false, false],
  ]
  for (const [options, ephemeral, adaptive] of rows) {
    const config = parseOptions(options)
    t.is(config.ephemeral, ephemeral, JSON.stringify(options))
    t.is(config.adaptive, adaptive)
  }
})

test('options: a port is the first of five, a range is itself', (t) => {
  const rows: [DHTOptions['port'], readonly [number, number]][] = [
    [0, [0, 0]],
    [10001, [10001, 10006]],
    [65535, [65535, 65536]],
    [65533, [65533, 65536]],
    [
      [7, 8],
      [7, 8],
    ],
    [
      [1, 65536],
      [1, 65536],
    ],
  ]
  for (const [port, range] of rows) t.alike(parseOptions({ port }).portRange, range, JSON.stringify(port))
})

test('options: addNode is the older name of filterNode', (t) => {
  const older = () => true
  const newer = () => false
  t.is(parseOptions({ addNode: older }).filterNode, older)
  t.is(parseOptions({ addNode: older, filterNode: newer }).filterNode, newer)
})

test('options: adaptiveTimeout sets the bounds of the timeouts', (t) => {
  const bounds = (adaptiveTimeout: DHTOptions['adaptiveTimeout']) => parseOptions({ adaptiveTimeout }).retryBounds
  t.alike(bounds(true), { initialMs: 1000, minMs: 250, maxMs: 1500 })
  t.alike(bounds(false), { initialMs: 1000, minMs: 1000, maxMs: 1000 })
  t.alike(bounds({}), { initialMs: 1000, minMs: 250, maxMs: 1500 })
  t.alike(bounds({ min: 300, max: 4000, initial: 500 }), { initialMs: 500, minMs: 300, maxMs: 4000 })
})

test('options: what makes no sense throws at the call, names the option and what was given', (t) => {
  const rows: [Record<string, unknown>, typeof TypeError | typeof RangeError, RegExp][] = [
    [{ host: 'localhost' }, TypeError, /^host must be an IPv4 address, got "localhost"$/],
    [{ host: 5 }, TypeError, /^host .* got 5$/],
    [{ port: -1 }, RangeError, /^port must be an integer from 0 to 65535 or a range \[from, to\), got -1$/],
    [{ port: 65536 }, RangeError, /^port .* got 65536$/],
    [{ port: 1.5 }, RangeError, /^port .* got 1.5$/],
    [{ port: '10001' }, RangeError, /^port .* got "10001"$/],
    [{ port: [5, 5] }, RangeError, /^port range must be \[from, to\).*, got \[5, ?5\]$/],
    [{ port: [0, 5] }, RangeError, /got \[0, ?5\]$/],
    [{ port: [1, 65537] }, RangeError, /got \[1, ?65537\]$/],
    [{ port: [1] }, RangeError, /^port must be .* got \[1\]$/],
    [{ anyPort: 1 }, TypeError, /^anyPort must be a boolean, got 1$/],
    [{ ephemeral: 'no' }, TypeError, /^ephemeral must be a boolean, got "no"$/],
    [{ adaptive: 0 }, TypeError, /^adaptive must be a boolean, got 0$/],
    [{ firewalled: 'x' }, TypeError, /^firewalled must be a boolean/],
    [{ quickFirewall: {} }, TypeError, /^quickFirewall must be a boolean/],
    [{ sendDownHints: 1 }, TypeError, /^sendDownHints must be a boolean/],
    [{ acceptRelayed: 1 }, TypeError, /^acceptRelayed must be a boolean/],
    [{ concurrency: 0 }, RangeError, /^concurrency must be an integer of at least 1, got 0$/],
    [{ concurrency: NaN }, RangeError, /^concurrency .* got NaN$/],
    [{ concurrency: '10' }, TypeError, /^concurrency must be a number, got "10"$/],
    [{ maxWindow: 0 }, RangeError, /^maxWindow must be an integer .* got 0$/],
    [{ maxWindow: Infinity }, RangeError, /^maxWindow .* got Infinity$/],
    [{ maxPingDelay: -1 }, RangeError, /^maxPingDelay must be an integer .* 0.*, got -1$/],
    [{ downHintsRateLimit: -2 }, RangeError, /^downHintsRateLimit must be an integer .* -1.*, got -2$/],
    [{ stableAfterMs: -1 }, RangeError, /^stableAfterMs must be/],
    [{ pingIntervalMs: 0 }, RangeError, /^pingIntervalMs must be/],
    [{ refreshIntervalMs: 0.5 }, RangeError, /^refreshIntervalMs must be/],
    [{ filterNode: true }, TypeError, /^filterNode must be a function/],
    [{ udx: {} }, TypeError, /^udx must be a UDX instance/],
    [{ bootstrap: 'host:1' }, TypeError, /^bootstrap must be an array or false/],
    [{ bootstrap: true }, TypeError, /^bootstrap must be an array or false/],
    [{ nodes: {} }, TypeError, /^nodes must be an array, got {}$/],
    [{ nodes: [{ host: 'x', port: 1 }] }, TypeError, /^nodes must hold .*, got {"host":"x","port":1}$/],
    [{ nodes: [null] }, TypeError, /^nodes must hold .*, got null$/],
    [{ contacts: 'x' }, TypeError, /^contacts must be what exportContacts returned, or an array, got "x"$/],
    [{ contacts: { version: 2, contacts: [] } }, TypeError, /^contacts must be of version 1, got 2$/],
    [{ contacts: { version: 1 } }, TypeError, /^contacts must have an array of contacts, got undefined$/],
    [{ contacts: [{ host: 'x', port: 1 }] }, TypeError, /^contacts must hold .*, got {"host":"x","port":1}$/],
    [{ contacts: [{ host: '1.2.3.4', port: 0 }] }, TypeError, /^contacts must hold/],
    [{ contacts: [{ host: '224.0.0.1', port: 1 }] }, TypeError, /^contacts must hold/],
    [{ contactStore: true }, TypeError, /^contactStore must have the methods load and save, got true$/],
    [{ contactStore: { load() {} } }, TypeError, /^contactStore must have/],
    [{ networkId: '' }, TypeError, /^networkId must be a text or 32 bytes, got ""$/],
    [{ networkId: 7 }, TypeError, /^networkId .* got 7$/],
    [{ networkId: new Uint8Array(31) }, TypeError, /^networkId .* got 31 bytes$/],
    [{ inboundLimits: true }, TypeError, /^inboundLimits must be false or an object, got true$/],
    [{ inboundLimits: { limitOwnNetwork: 1 } }, TypeError, /^inboundLimits.limitOwnNetwork must be a boolean, got 1$/],
    [{ inboundLimits: { requestsPerSecond: 0 } }, RangeError, /^inboundLimits.requestsPerSecond .* got 0$/],
    [{ adaptiveTimeout: 'on' }, TypeError, /^adaptiveTimeout must be a boolean or an object, got "on"$/],
    [{ adaptiveTimeout: { min: 0 } }, RangeError, /^adaptiveTimeout needs 0 < min/],
    [{ adaptiveTimeout: { min: 500, max: 400 } }, RangeError, /^adaptiveTimeout needs/],
    [{ adaptiveTimeout: { initial: NaN } }, RangeError, /^adaptiveTimeout needs/],
    [{ adaptiveTimeout: { max: Infinity } }, RangeError, /^adaptiveTimeout needs/],
  ]
  for (const [options, type, message] of rows) {
    const label = JSON.stringify(options)
    const error = errorOf(() => parseOptions(options))
    t.ok(error instanceof type && message.test(error.message), `${label}: ${String(error)}`)
    t.alike(
      errorOf(() => new DHT(options)),
      error,
      `new DHT(${label})`,
    )
  }
  for (const options of [null, 1, 'x']) {
    const error = errorOf(() => parseOptions(options as never))
    t.is(error?.message, 'options must be an object', String(options))
  }
})

test('options: values in messages are short and never fail to print', (t) => {
  const circular: { self?: unknown } = {}
  circular.self = circular
  t.is(describe(circular), 'an object')
  t.is(describe(new Uint8Array(31)), '31 bytes')
  t.is(describe('a'), '"a"')
  t.is(describe(undefined), 'undefined')
  t.is(describe(Symbol('s')), 'Symbol(s)')
  t.ok(describe({ long: 'x'.repeat(500) }).length <= 80)
})
