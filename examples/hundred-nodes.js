/**
 * A hundred nodes on this machine: they find each other, agree on who is closest to a key, keep a value at the
 * closest twenty, lose eight of these, and still have the value. Every claim is checked; what does not hold ends the
 * program with code 1.
 *
 *     npm start
 *     npm start -- --nodes 300 --lose 12 --port 49737
 */
import { createHash } from 'node:crypto'
import { parseArgs } from 'node:util'
import DHT from 'xorpc'
import { HOST, startNetwork } from './local-network.js'
import { createReport } from './report.js'

/** Commands of this application. Numbers are free to choose: the protocol's own are kept apart. */
const PUT = 0
const GET = 1

/** Nodes that hold a value: the k of Kademlia. */
const K = 20

/** Nodes that are asked who is closest. */
const ASKED = 5

/** Nodes that join at the same time. */
const BATCH = 10

const { nodes: SIZE, lose: LOSE, port: PORT } = readArguments()
const report = createReport(process.stdout)

/** What every node does for the others: keeps values, and gives them back. */
function serve(node) {
  const values = new Map() // grows with what others store: key-value-store.js shows how to bound it
  node.on('request', (req) => {
    if (req.target === null) return req.error(16)
    const key = Buffer.from(req.target).toString('hex')
    if (req.command === GET) return req.reply(values.get(key))
    if (req.command !== PUT) return req.error(DHT.ERROR_UNKNOWN_COMMAND)
    // The first round of a commit only walks to the closest nodes; with their token it comes back to store.
    if (req.token !== null) values.set(key, req.value)
    return req.reply()
  })
}

async function joinAll(network) {
  const startedAt = performance.now()
  for (let joined = 0; joined < SIZE;) {
    const batch = Array.from({ length: Math.min(BATCH, SIZE - joined) }, () => network.createNode())
    await Promise.all(batch.map((node) => node.fullyBootstrapped()))
    joined += batch.length
    report.progress('join', joined, SIZE)
  }
  const known = network.nodes.map((node) => node.toArray().length)
  const fewest = Math.min(...known)
  const duration = report.since(startedAt)
  report.line('join', `${SIZE} nodes in ${duration}; each knows ${fewest} to ${Math.max(...known)} others`)
  const hidden = network.nodes.filter((node) => node.ephemeral).length
  promise(hidden === 0, `${hidden} of the nodes did not become part of the network`)
  promise(fewest > 1, 'a node knows nobody but the bootstrapper')
}

/** The k nodes whose ids are nearest to the key, by looking at all: what no node of a real network can do. */
function trulyClosest(nodes, key) {
  const distance = ({ id }) => Buffer.from(id.map((byte, i) => byte ^ key[i]))
  const measured = nodes.map((node) => ({ node, distance: distance(node) }))
  return measured
    .sort((a, b) => Buffer.compare(a.distance, b.distance))
    .slice(0, K)
    .map(({ node }) => node)
}

/** Asks nodes from all over the network, one after the other. */
async function agree(nodes, key, closest) {
  const truth = closest.map(({ port }) => port).join()
  // A node never names itself, so those asked are others than the ones to be found.
  const askers = sample(without(nodes, closest), ASKED)
  const startedAt = performance.now()
  let right = 0
  for (const node of askers) {
    const query = node.findNode(key)
    await query.finished()
    if (query.closestNodes.map(({ port }) => port).join() === truth) right++
  }
  const duration = report.since(startedAt)
  report.line(
    'agree',
    `${right} of ${askers.length} nodes name the true ${closest.length} closest, in order, in ${duration}`,
  )
  promise(right === askers.length, `${askers.length - right} nodes name others than the closest`)
}

async function commit(node, key, value, closest) {
  const startedAt = performance.now()
  const query = node.query({ target: key, command: PUT, value }, { commit: true })
  await query.finished()
  const stored = query.commits.filter(({ ok }) => ok).map(({ node: holder }) => holder.port)
  const right = closest.filter(({ port }) => stored.includes(port)).length
  report.line(
    'commit',
    `"${value}" is kept by ${right} of the ${closest.length} closest, after ${report.since(startedAt)}`,
  )
  promise(right === closest.length, `only ${right} of the ${closest.length} closest took the value`)
}

async function lose(holders) {
  // Destroyed nodes say no goodbye: to the others it looks like a pulled plug.
  await Promise.all(holders.map((node) => node.destroy()))
  report.line('lose', `${holders.length} of them are gone, without a word to the others`)
}

/** The value as one node finds it, or null. */
async function read(node, key) {
  for await (const { value } of node.query({ target: key, command: GET })) {
    if (value !== null) return Buffer.from(value) // the first holder to answer is enough; leaving the loop ends the query
  }
  return null
}

async function readBack(readers, key, value) {
  const startedAt = performance.now()
  const first = await read(readers[0], key)
  report.line(
    'read',
    `another node reads ${first === null ? 'nothing' : `"${first}"`} after ${report.since(startedAt)}`,
  )
  promise(first?.equals(value), 'the value is lost')
  const others = readers.slice(1)
  let found = 0
  for (const node of others) if ((await read(node, key))?.equals(value)) found++
  report.line(
    'read',
    `so do ${found} of the ${others.length} others that never held it, after ${report.since(startedAt)}`,
  )
  promise(found === others.length, `${others.length - found} nodes do not find the value`)
}

async function main() {
  const startedAt = performance.now()
  const network = await startNetwork(0, serve, { port: PORT })
  try {
    const { nodes } = network
    report.title(`A network of ${SIZE} nodes and a bootstrapper at ${HOST}:${nodes[0].port}`)
    await joinAll(network)
    const key = createHash('sha256').update('the answer').digest()
    const value = Buffer.from('forty-two')
    const closest = trulyClosest(nodes, key)
    report.line('key', `sha256("the answer") = ${key.toString('hex', 0, 8)}…`)
    await agree(nodes, key, closest)
    const [writer, ...readers] = shuffled(without(nodes, closest))
    await commit(writer, key, value, closest)
    await lose(sample(closest, LOSE))
    await readBack(readers, key, value)
    report.good(`All as promised, in ${report.since(startedAt)}.`)
  } catch (error) {
    report.bad(`Not as promised: ${error instanceof Error ? error.message : String(error)}.`)
    process.exitCode = 1
  } finally {
    await network.destroy()
  }
}

function promise(holds, otherwise) {
  if (!holds) throw new Error(otherwise)
}

function without(nodes, some) {
  return nodes.filter((node) => !some.includes(node))
}

function shuffled(nodes) {
  return nodes
    .map((node) => ({ node, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ node }) => node)
}

function sample(nodes, count) {
  return shuffled(nodes).slice(0, count)
}

function readArguments() {
  const option = (fallback) => /** @type {const} */ ({ type: 'string', default: fallback })
  const { values } = parseArgs({ options: { nodes: option('100'), lose: option('8'), port: option('0') } })
  return {
    // Those who are asked are others than the closest, so there must be some more than these.
    nodes: readInteger(values, 'nodes', 30, 1000),
    lose: readInteger(values, 'lose', 0, K),
    port: readInteger(values, 'port', 0, 65535),
  }
}

function readInteger(values, name, least, most) {
  const value = Number(values[name])
  if (Number.isInteger(value) && value >= least && value <= most) return value
  console.error(`--${name} must be an integer from ${least} to ${most}, got ${values[name]}`)
  return process.exit(1)
}

await main()
