/** The package's checks of storage engines, as tests. */
import test, { type Assert } from 'brittle'
import { recordStoreChecks, type StorePlace } from '../../lib/records/store/conformance.js'

/** @param createPlace an empty place, gone after the test */
export function testRecordStore(name: string, createPlace: (t: Assert) => Promise<StorePlace> | StorePlace): void {
  for (const { title, run } of recordStoreChecks) {
    test(`${name}: ${title}`, async (t) => {
      await t.execution(run(await createPlace(t)))
    })
  }
}
