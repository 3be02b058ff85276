/** The package as it is imported and required, the same in every runtime, and a network of it on the loopback interface. */
import b4a from 'b4a'
import test from 'brittle'
import * as core from 'xorpc'
import * as contactStore from 'xorpc/contact-store'
import * as standIn from 'xorpc/dht-rpc'
import * as simulation from 'xorpc/simulation'
import * as testnet from 'xorpc/testnet'

const required = (await import(new URL('../../../test/bare/entries.cjs', import.meta.url).href)) as {
  default: Record<string, unknown> & {
    contactStore: typeof contactStore
    simulation: typeof simulation
    testnet: typeof testnet
  }
}
const { default: entries } = required

test('entries: import and require give the same classes', (t) => {
  t.is(core.default, core.DHT)
  t.is(entries.xorpc, core.DHT)
  t.is(standIn.default, standIn.DHT)
  t.is(entries.standIn, standIn.DHT)
  t.is(entries.compat, standIn.DHT, 'in the place of the package dht-rpc')
  // oxlint-disable-next-line import/namespace -- the linter takes the browser's entry
  t.is(entries.contactStore.FileContactStore, contactStore.FileContactStore)
  t.is(entries.simulation.Simulation, simulation.Simulation)
  t.is(entries.testnet.createTestnet, testnet.createTestnet)
  t.ok(Object.create(standIn.DHT.prototype) instanceof core.DHT)
})

for (const [name, Class] of [
  ['xorpc', core.DHT],
  ['xorpc/dht-rpc', standIn.DHT],
] as const) {
  test(`entries: nodes of ${name} find what was committed`, async (t) => {
    const create = (options: core.DHTOptions): core.DHT => new Class(options)
    const { nodes } = await testnet.createTestnet(6, { teardown: t.teardown, create })
    const target = nodes[2]!.id!
    const values = new Map<core.DHT, Uint8Array>()
    for (const node of nodes) {
      node.on('request', (request) => {
        if (request.token !== null) values.set(node, request.value!)
        request.reply(values.get(node) ?? null)
      })
    }
    const value = b4a.from('kept')
    const store = nodes[5]!.query({ target, command: 1, value }, { commit: true })
    await store.finished()
    t.is(values.size, store.closestReplies.length)
    t.ok(values.size > 3)
    const found = []
    for await (const reply of nodes[4]!.query({ target, command: 1 })) if (reply.value !== null) found.push(reply.value)
    t.ok(found.length > 3)
    t.ok(found.every((each) => b4a.equals(each, value)))
  })
}
