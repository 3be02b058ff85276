/** What we rely on beyond on and emit, which runtimes do differently. */
import test from 'brittle'
import { Emitter } from '../../lib/primitives/emitter.js'

test('emitter: a listener of once that is called by hand is called once', (t) => {
  const emitter = new Emitter()
  const heard: unknown[] = []
  emitter.once('event', function (this: unknown, ...args) {
    heard.push(this === emitter, ...args)
  })
  t.is(emitter.listenerCount('event'), 1)
  for (const listener of emitter.rawListeners('event')) listener.call(emitter, 1, 2)
  t.alike(heard, [true, 1, 2])
  t.is(emitter.listenerCount('event'), 0)
  t.absent(emitter.emit('event'), 'nobody listens any more')
})

test('emitter: once is taken back by the listener itself, the latest first', (t) => {
  const emitter = new Emitter()
  let calls = 0
  const listener = (): void => void calls++
  emitter.on('event', listener).once('event', listener)
  emitter.off('event', listener)
  emitter.emit('event')
  emitter.emit('event')
  t.is(calls, 2, 'the one that stays is left')
  emitter.removeListener('event', listener)
  emitter.once('event', listener)
  emitter.removeListener('event', listener)
  t.absent(emitter.emit('event'))
  emitter.off('event', listener)
  t.is(calls, 2)
})

test('emitter: once among others, by emit', (t) => {
  const emitter = new Emitter()
  const heard: string[] = []
  emitter.on('event', () => heard.push('on'))
  emitter.once('event', () => heard.push('once'))
  t.ok(emitter.emit('event'))
  t.ok(emitter.emit('event'))
  t.alike(heard, ['on', 'once', 'on'])
})
