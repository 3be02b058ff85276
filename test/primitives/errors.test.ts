import test from 'brittle'
import { abortError, DHTError } from '../../lib/primitives/errors.js'

test('errors: a DHTError says what failed, to programs and to people', (t) => {
  const error = new DHTError('REQUEST_TIMEOUT')
  t.ok(error instanceof Error)
  t.is(error.name, 'DHTError')
  t.is(error.code, 'REQUEST_TIMEOUT')
  t.is(error.message, 'REQUEST_TIMEOUT: Request timed out')
  t.is(error.cause, undefined)
})

test('errors: detail replaces the text, cause is kept', (t) => {
  const cause = new Error('EADDRINUSE')
  const error = new DHTError('BIND_FAILED', 'port 4000 is taken', { cause })
  t.is(error.message, 'BIND_FAILED: port 4000 is taken')
  t.is(error.cause, cause)
})

test('errors: messages of the codes that others match on', (t) => {
  t.is(new DHTError('REQUEST_DESTROYED').message, 'REQUEST_DESTROYED: Request destroyed')
  t.is(new DHTError('IO_SUSPENDED').message, 'IO_SUSPENDED: I/O suspended')
})

test('errors: the reason of an abort is the error, or its cause', (t) => {
  const reason = new TypeError('mine')
  t.is(abortError(reason), reason)
  for (const other of [undefined, null, 'a string', { code: 1 }]) {
    const error = abortError(other)
    t.is(error.name, 'AbortError')
    t.is(error.cause, other)
  }
})
