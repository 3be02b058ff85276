/** Child process with few descriptors: it takes them all, and says what its nodes and its contact store do. */
import { closeSync, openSync } from 'node:fs'
import { booksOf } from '../../../bench/reliability/books.js'
import { DHT, DHTError } from '../../../index.js'
import { FileContactStore } from '../../../lib/contact-store/index.js'
import { createTestnet } from '../../../lib/testnet/index.js'

const HOST = '127.0.0.1'
const [path = ''] = process.argv.slice(2)

const codeOf = (error: unknown): string => {
  const { code, cause } = error as { code?: string; cause?: { code?: string } }
  return error instanceof DHTError ? `${code} by ${cause?.code}` : String(code)
}
const outcome = (work: Promise<unknown>): Promise<string> => work.then(() => 'done', codeOf)

const testnet = await createTestnet(3, { host: HOST })
const { nodes, bootstrap } = testnet
const [asker, asked] = [nodes[1]!, nodes[2]!]
const to = { host: HOST, port: asked.localAddress()!.port }
const store = new FileContactStore(path)
const first = asker.exportContacts()
await store.save(first)

const taken: number[] = []
let exhausted = ''
try {
  for (;;) taken.push(openSync('/dev/null', 'r'))
} catch (error) {
  exhausted = codeOf(error)
}
const late = new DHT({ host: HOST, bootstrap, ephemeral: false })
const report: Record<string, string> = { exhausted }
report['a new node'] = await outcome(late.fullyBootstrapped())
report['its request'] = await outcome(late.ping(to))
report['a request between nodes that are there'] = await outcome(asker.ping(to))
report['a lookup'] = await outcome(asker.findNode(asked.id!).finished())
report['a save'] = await outcome(store.save({ ...first, savedAt: 1 }))
report['a suspension'] = await outcome(asked.suspend())

for (const fd of taken) closeSync(fd)
report['what was saved'] = JSON.stringify(await store.load()) === JSON.stringify(first) ? 'is there' : 'is lost'
report['a later save'] = await outcome(store.save({ ...first, savedAt: 2 }))
await asked.resume()
await late.suspend()
await late.resume()
report['the new node, suspended and resumed'] = await outcome(late.fullyBootstrapped())
report['a request to the resumed one'] = await outcome(late.ping({ host: HOST, port: asked.localAddress()!.port }))
await late.destroy()
await testnet.destroy()
report['datagrams unaccounted'] = String(booksOf([...nodes, late]).unaccounted)
console.log(JSON.stringify(report))
