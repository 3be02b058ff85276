/**
 * A storage engine of one's own, and the checks that say whether it does what it has to.
 *
 *     node examples/records-own-engine.js
 */
import { MemoryStore, recordStoreChecks } from 'xorpc/records'

/** Any class with the methods of a RecordStore will do; this one counts what is asked of another. */
class CountingStore extends MemoryStore {
  gets = 0

  get(key) {
    this.gets++
    return super.get(key)
  }
}

/** Keeps only what is long: the checks find that. */
class ForgetfulStore extends MemoryStore {
  async put(entry) {
    if (entry.value.length > 10) await super.put(entry)
  }
}

for (const Store of [CountingStore, ForgetfulStore]) {
  let failed = 0
  for (const { run } of recordStoreChecks) {
    await run({ create: () => new Store(), isDurable: false }).catch(() => failed++)
  }
  console.log(`${Store.name}: ${failed === 0 ? 'all checks passed' : `some checks failed`}`)
}
