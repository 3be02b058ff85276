/** Child process: saves contacts one after the other, and says of each that it is saved, until it is killed. */
import { FileContactStore } from '../../lib/contact-store/index.js'

const store = new FileContactStore(process.argv[2]!)
const contacts = Array.from({ length: 256 }, (_, i) => ({ host: `20.1.2.${i}`, port: 49737 }))
process.on('disconnect', () => process.exit())

for (let serial = 1; ; serial++) {
  await store.save({ version: 1, savedAt: serial, contacts })
  process.send!(serial)
}
