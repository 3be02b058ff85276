import { setTimeout as sleep } from 'node:timers/promises'
import { Records } from 'xorpc/records'
import { growNetwork, hash, startNetwork, startVisitor, stop } from '../network.js'

const recordsOf = new Map()

function keepRecords(node) {
  recordsOf.set(node, new Records(node))
}

const nodes = await startNetwork(100, keepRecords)
const visitor = await startVisitor()
const records = new Records(visitor, { serve: false })

// Whoever has the key pair is the owner.
const keyPair = await Records.keyPair(hash('the cook'))
await records.put({ keyPair, value: Buffer.from('tomato soup') })
const put = await records.put({ keyPair, value: Buffer.from('pea soup') })
const { stored } = await put.settled
console.log(`version ${put.seq} is on ${stored.length} nodes; ${put.needed} had to take it`)

// As in chapter 11, nodes join, and some of them are closer.
const target = Records.targetOf(keyPair.publicKey)
await growNetwork(nodes, 140, keepRecords)
while (newcomers().length < 5) await sleep(100)
console.log(`of 40 newcomers some hold it now; the first of them is port ${newcomers()[0].port}`)

// As in chapter 12, holders die without a word.
const dying = nodes.filter(holds).slice(0, 15)
await stop(dying)
console.log(`${dying.length} holders died`)

const read = await records.get(keyPair.publicKey)
console.log(`version ${read.seq}: ${Buffer.from(read.value ?? [])}`)

// Two writers who have both seen version 2: one of them wins.
const [one, two] = await Promise.allSettled([
  records.put({ keyPair, value: Buffer.from('bean soup'), ifSeq: 2 }),
  records.put({ keyPair, value: Buffer.from('fish soup'), ifSeq: 2 }),
])
console.log('of two writers at once:', [one.status, two.status].sort().join(', '))

await records.delete({ keyPair })
console.log('after deleting it:', (await records.get(keyPair.publicKey)).state)

await Promise.all([records, ...recordsOf.values()].map((each) => each.close()))
await stop([visitor, ...nodes])

function holds(node) {
  return !node.destroyed && recordsOf.get(node).countOf(target) > 0
}

function newcomers() {
  return nodes.slice(100).filter(holds)
}
