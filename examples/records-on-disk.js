/**
 * A storage engine on a disk: what a node has acknowledged is there after its end. Needs the package classic-level.
 *
 *     node examples/records-on-disk.js
 */
import { ClassicLevel } from 'classic-level'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LevelStore, Records } from 'xorpc/records'
import { createTestnet } from 'xorpc/testnet'

const folder = await mkdtemp(join(tmpdir(), 'records-'))
const testnet = await createTestnet(5)
const [node] = testnet.nodes
const open = () => new Records(node, { store: new LevelStore(new ClassicLevel(join(folder, 'level'))) })

const first = open()
const keyPair = await Records.keyPair()
await first.put({ keyPair, value: Buffer.from('on the disk'), republish: false })
console.log('kept:', first.stats.usage.entries)
await first.close()

const second = open()
await second.ready()
console.log('kept, after a restart:', second.stats.usage.entries)
console.log(Buffer.from((await second.get(keyPair.publicKey)).value ?? []).toString())

await second.close()
await testnet.destroy()
await rm(folder, { recursive: true })
