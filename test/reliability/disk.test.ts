/** Disks that take nothing: the node goes on without saving, says so, and what was saved before is still there. */
import test, { type Assert } from 'brittle'
import { mkdtemp, readFile, rm, symlink, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { booksOf } from '../../bench/reliability/books.js'
import { DHT, type DHTError } from '../../index.js'
import { FileContactStore, type SavedContacts } from '../../lib/contact-store/index.js'
import { createTestnet } from '../../lib/testnet/index.js'

const SAVED: SavedContacts = { version: 1, savedAt: 1, contacts: [{ host: '20.1.2.3', port: 49737 }] }

/** Linux has a file that is always full, and folders that nobody, not even root, may write to. */
const ON_LINUX = process.platform === 'linux'

async function createPath(t: Assert): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'xorpc-disk-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return join(folder, 'contacts.json')
}

/** From here on the disk is full for who saves to this path: the system says so, with ENOSPC. */
async function fill(path: string): Promise<void> {
  // Where there is no such device the link leads nowhere, which fails as well.
  await symlink(ON_LINUX ? '/dev/full' : join(path, 'nowhere'), `${path}.tmp`)
}

test('disk: where it is full save rejects, and what was saved before is still there', async (t) => {
  const path = await createPath(t)
  const store = new FileContactStore(path)
  await store.save(SAVED)
  const before = await readFile(path, 'utf8')
  await fill(path)
  const error = await store.save({ ...SAVED, savedAt: 2 }).then(
    () => null,
    (failure: { code?: string }) => failure,
  )
  t.ok(error !== null)
  if (ON_LINUX) t.is(error?.code, 'ENOSPC')
  t.is(await readFile(path, 'utf8'), before)
  t.alike(await store.load(), SAVED)
  await unlink(`${path}.tmp`).catch(() => {})
  await store.save({ ...SAVED, savedAt: 3 })
  t.alike(await store.load(), { ...SAVED, savedAt: 3 }, 'and once there is room it goes on')
})

test('disk: a node on a read-only or missing place goes on, tells of it, and counts it', async (t) => {
  const { bootstrap, nodes } = await createTestnet(21, { host: '127.0.0.1', teardown: t.teardown })
  const store = new FileContactStore(ON_LINUX ? '/proc/sys/contacts.json' : join(await createPath(t), 'nowhere/c.json'))
  const node = new DHT({ host: '127.0.0.1', bootstrap, ephemeral: false, contactStore: store })
  t.teardown(() => node.destroy())
  const failures: [DHTError, string][] = []
  node.on('contact-store-error', (error, operation) => failures.push([error, operation]))
  await node.fullyBootstrapped()
  const query = node.findNode(nodes[3]!.id!)
  await query.finished()
  t.is(query.closestNodes.length, 20)
  t.is(failures.length, 0, 'there was nothing to load')
  await node.destroy()
  t.is(failures.length, 1)
  const [error, operation] = failures[0]!
  t.is(operation, 'save')
  t.is(error.code, 'CONTACT_STORE_FAILED')
  t.ok(/EACCES|EPERM|EROFS|ENOENT/.test((error.cause as { code?: string }).code ?? ''), error.message)
  t.alike(node.stats.contactStore, { loaded: 0, saves: 0, failures: 1 })
  t.is(booksOf([node, ...nodes]).unaccounted, 0, 'received = handled + dropped by reason')
})

test('disk: a node on a full one goes on, and the contacts of its last run are still there', async (t) => {
  const { bootstrap, nodes } = await createTestnet(21, { host: '127.0.0.1', teardown: t.teardown })
  const path = await createPath(t)
  const start = (): DHT => {
    const contactStore = new FileContactStore(path)
    const node = new DHT({ host: '127.0.0.1', bootstrap, ephemeral: false, contactStore })
    t.teardown(() => node.destroy())
    return node
  }
  const first = start()
  await first.fullyBootstrapped()
  await first.destroy()
  t.is(first.stats.contactStore.saves, 1)
  const before = await readFile(path, 'utf8')
  await fill(path)
  const second = start()
  await second.fullyBootstrapped()
  t.ok(second.stats.contactStore.loaded >= 19)
  await second.destroy()
  t.alike([second.stats.contactStore.saves, second.stats.contactStore.failures], [0, 1])
  t.is(await readFile(path, 'utf8'), before)
  t.is(booksOf([first, second, ...nodes]).unaccounted, 0, 'received = handled + dropped by reason')
})
