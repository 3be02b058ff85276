import test from 'brittle'
import { VirtualClock } from '../../../lib/primitives/virtual-clock.js'
import { askFirst } from '../../../lib/records/client/ask-around.js'
import type { KnownNode, KnownNodes } from '../../../lib/records/client/known-nodes.js'
import type { Reply } from '../../../lib/rpc/reply.js'

/** Three known nodes, whose answers come when the test says so. */
function start() {
  const clock = new VirtualClock()
  const known = ['one', 'two', 'three'].map((key) => ({ key }) as unknown as KnownNode)
  const nodes = { closest: () => known, note: () => {}, noteUseless: () => {} } as unknown as KnownNodes
  const asked: ((value: string | null) => void)[] = []
  const send = (): Promise<Reply> =>
    new Promise((resolve) => asked.push((value) => resolve({ error: 0, value } as unknown as Reply)))
  const reads: unknown[] = []
  const read = ({ value }: Reply): Promise<string | null> => {
    reads.push(value)
    return Promise.resolve(value as string | null)
  }
  const found = askFirst(clock, nodes, new Uint8Array(32), { send, read })
  return { clock, asked, reads, found }
}

test('asked first: two nodes, and the first good answer will do', async (t) => {
  const { clock, asked, reads, found } = start()
  t.is(asked.length, 2)
  asked[1]!('here')
  t.is(await found, 'here')
  t.is(clock.pending, 0)
  asked[0]!(null)
  await clock.advance(1000)
  t.is(asked.length, 2, 'nobody else is asked')
  t.alike(reads, ['here'], 'what comes later is not looked at')
})

test('asked first: the third is asked where one of them is no help', async (t) => {
  const { clock, asked, found } = start()
  asked[0]!(null)
  await clock.advance(1)
  t.is(asked.length, 3)
  asked[2]!('here')
  t.is(await found, 'here')
  t.is(clock.pending, 0)
})

test('asked first: the third is asked after 150 ms of silence, and after 400 nobody is waited for', async (t) => {
  const { clock, asked, found } = start()
  await clock.advance(149)
  t.is(asked.length, 2)
  await clock.advance(1)
  t.is(asked.length, 3)
  await clock.advance(250)
  t.is(await found, null)
  t.is(clock.pending, 0)
})

test('asked first: where all three have nothing there is nothing', async (t) => {
  const { clock, asked, found } = start()
  for (const turn of [0, 1, 2]) {
    asked[turn]!(null)
    await clock.advance(1)
  }
  t.is(await found, null)
  t.alike([asked.length, clock.pending], [3, 0])
})
