/** The engine for databases, on one that is in memory. */
import { MemoryLevel } from 'memory-level'
import { LevelStore } from '../../../lib/records/store/level-store.js'
import { testRecordStore } from '../../conformance/record-store.js'

testRecordStore('level store on memory-level', () => ({
  create: () => new LevelStore(new MemoryLevel({ storeEncoding: 'view' })),
  isDurable: false, // what it holds goes with the object
}))
