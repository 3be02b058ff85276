/** Child process: has nothing else to do than its node, and ends when that is suspended. */
import { DHT } from '../../../index.js'
import { HOST } from '../../helpers/nodes.js'

/** Longer than a beat of the node below, so that it is seen to live. */
const A_WHILE_MS = 300

const node = new DHT({ host: HOST, bootstrap: [], pingIntervalMs: 100 })
let exits = 0

process.on('beforeExit', () => {
  exits++
  console.log(`beforeExit ${exits}`)
  if (exits === 1) void again()
})

async function suspend(): Promise<void> {
  await node.suspend()
  console.log('suspended')
}

async function again(): Promise<void> {
  await node.resume()
  console.log('resumed')
  // Does not keep the process alive itself: that it comes is the node's doing.
  setTimeout(() => {
    console.log('tick')
    void suspend()
  }, A_WHILE_MS).unref()
}

await node.fullyBootstrapped()
await suspend()
