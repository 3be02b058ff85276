import test from 'brittle'
import { Application, ERROR_HANDLER_FAILED } from '../../lib/node/application.js'
import type { Request } from '../../lib/rpc/request.js'

/** A request that writes down how it was answered. */
function createRequest() {
  const errors: number[] = []
  const request = {
    answered: false,
    error: (code: number) => {
      errors.push(code)
      request.answered = true
    },
  }
  return { request: request as unknown as Request & { answered: boolean }, errors }
}

function create(t: { teardown(fn: () => void): void }, onrequest: (request: Request) => unknown, heard = true) {
  const told: [unknown, Request][] = []
  const printed: unknown[][] = []
  const original = console.error
  console.error = (...args: unknown[]) => void printed.push(args)
  t.teardown(() => (console.error = original))
  const application = new Application({
    onrequest,
    tellError: (error, request) => {
      told.push([error, request])
      return heard
    },
  })
  return { application, told, printed }
}

const boom = (): never => {
  throw new Error('boom')
}

test('application: only false means that nobody listens', (t) => {
  for (const [value, handled] of [
    [false, false],
    [true, true],
    [undefined, true],
    [null, true],
    [0, true],
    [Promise.resolve(false), true],
  ] as const) {
    const { application, told } = create(t, () => value)
    const { request, errors } = createRequest()
    t.is(application.handle(request), handled, typeof value)
    t.alike([told, errors], [[], []])
  }
})

test('application: what throws counts as handled, is answered and told', (t) => {
  const { application, told, printed } = create(t, boom)
  const { request, errors } = createRequest()
  t.is(application.handle(request), true)
  t.alike(errors, [ERROR_HANDLER_FAILED])
  t.is(ERROR_HANDLER_FAILED, 15)
  t.is((told[0]![0] as Error).message, 'boom')
  t.is(told[0]![1], request)
  t.is(printed.length, 0)
})

test('application: what rejects is answered and told later, unless it was answered', async (t) => {
  for (const answered of [false, true]) {
    const { application, told } = create(t, () => Promise.reject(new Error('late')))
    const { request, errors } = createRequest()
    t.is(application.handle(request), true)
    request.answered = answered
    t.alike(told, [])
    await Promise.resolve()
    await Promise.resolve()
    t.is(told.length, 1)
    t.alike(errors, answered ? [] : [15])
  }
})

test('application: a listener of its own is run for the same request', (t) => {
  const { application, told } = create(t, () => true)
  const { request, errors } = createRequest()
  application.run(request, () => {})
  application.run(request, boom)
  application.run(request, boom)
  t.alike([told.length, errors], [2, [15]], 'one answer')
})

test('application: a failure that nobody hears of is printed, once for the life of the node', (t) => {
  const { application, told, printed } = create(t, boom, false)
  for (let i = 0; i < 5; i++) application.handle(createRequest().request)
  t.alike([told.length, printed.length], [5, 1])
  t.ok(String(printed[0]![0]).includes('request-error'))
})
