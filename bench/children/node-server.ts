/**
 * Child process: one persistent node with a full routing table, which answers requests.
 *
 * Its contacts are invented and never answer. Maintenance gives up a few of them at most while a server is measured.
 */
import { formatIPv4, type Address } from '../../lib/primitives/address.js'
import { commonPrefixLength, idFromAddress } from '../../lib/primitives/id.js'
import { cpuMicros, serve } from '../process.js'
import { seededRandom } from '../random.js'
import { type BenchNode, loadSubject, startBootstrapper, type SubjectName } from '../subject.js'

/** Contacts in a full bucket. */
const BUCKET_SIZE = 20

/** Buckets filled: as many as a node has in a network of 20 * 2^8 = 5120 nodes. */
const FULL_BUCKETS = 8

const VALUE = Buffer.alloc(32, 0x76)

const handlers = {
  /** Starts the node. @returns its address */
  async open(name: SubjectName): Promise<Address> {
    const [node, address] = await startBootstrapper(await loadSubject(name))
    fillTable(node, idFromAddress(address.host, address.port))
    node.on('request', (request) => request.reply(VALUE))
    return address
  },
  cpuMicros,
}

/** Adds contacts until the first buckets are full, and none beyond: a full bucket would check its members. */
function fillTable(node: BenchNode, id: Uint8Array): void {
  const random = seededRandom(1)
  const free = new Array<number>(FULL_BUCKETS).fill(BUCKET_SIZE)
  let missing = FULL_BUCKETS * BUCKET_SIZE
  while (missing > 0) {
    const contact = inventContact(random)
    const bucket = commonPrefixLength(id, idFromAddress(contact.host, contact.port))
    if (bucket >= FULL_BUCKETS || free[bucket] === 0) continue
    node.addNode(contact)
    free[bucket]!--
    missing--
  }
}

/** An address of the loopback network 127.0.0.0/8, none of it 127.0.x.y, where real sockets are. */
function inventContact(random: (bound: number) => number): Address {
  const ip = (127 << 24) | ((1 + random(254)) << 16) | random(65536)
  return { host: formatIPv4(ip >>> 0), port: 1024 + random(64512) }
}

export type NodeServer = typeof handlers
serve(handlers)
