import test from 'brittle'
import { parseBootstrap } from '../../lib/node/bootstrap-list.js'
import { errorOf } from '../helpers/errors.js'

test('bootstrap list: every way to write an entry', (t) => {
  const rows: [unknown, object][] = [
    ['example.org:10001', { host: 'example.org', port: 10001 }],
    ['1.2.3.4:10001', { host: '1.2.3.4', port: 10001 }],
    ['1.2.3.4@example.org:10001', { host: 'example.org', port: 10001, suggestedIp: '1.2.3.4' }],
    ['@example.org:10001', { host: 'example.org', port: 10001 }],
    [10001, { host: '127.0.0.1', port: 10001 }],
    [
      { host: 'example.org', port: 1 },
      { host: 'example.org', port: 1 },
    ],
    [
      { host: '1.2.3.4', port: 65535, extra: true },
      { host: '1.2.3.4', port: 65535 },
    ],
  ]
  for (const [entry, node] of rows) t.alike(parseBootstrap([entry]), [node], JSON.stringify(entry))
  t.is(parseBootstrap(rows.map(([entry]) => entry)).length, rows.length)
})

test('bootstrap list: none', (t) => {
  for (const none of [undefined, null, false, []]) t.alike(parseBootstrap(none), [], String(none))
})

test('bootstrap list: a node is kept as it is, since it learns its address later', (t) => {
  const node = { host: null as string | null, port: 0, destroy: () => {} }
  const list = parseBootstrap([node])
  t.is(list[0], node)
  node.host = '1.2.3.4'
  t.is(list[0]!.host, '1.2.3.4')
})

test('bootstrap list: what is no entry throws', (t) => {
  const format = /^Bootstrap node format is host:port$/
  const port = /^bootstrap port must be an integer from 1 to 65535, got /
  const rows: [unknown, RegExp][] = [
    ['example.org', format],
    ['', format],
    [':10001', format],
    ['1.2.3.4@example.org', format],
    ['10001@example.org', format],
    [{ port: 1 }, format],
    [{ host: '', port: 1 }, format],
    [null, format],
    [true, format],
    ['example.org:', port],
    ['example.org:0', port],
    ['example.org:65536', port],
    ['example.org:http', port],
    [0, port],
    [1.5, port],
    [{ host: 'example.org' }, port],
    [{ host: 'example.org', port: '1' }, port],
  ]
  for (const [entry, message] of rows) {
    const error = errorOf(() => parseBootstrap([entry]))
    t.ok(message.test(error?.message ?? ''), `${JSON.stringify(entry)}: ${String(error)}`)
  }
  for (const list of ['example.org:1', {}, 10001, true]) {
    t.is(errorOf(() => parseBootstrap(list))?.message, 'bootstrap must be an array or false', JSON.stringify(list))
  }
})
