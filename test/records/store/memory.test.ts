/** The engine that a node has by default. */
import { MemoryStore } from '../../../lib/records/store/memory-store.js'
import { testRecordStore } from '../../conformance/record-store.js'

testRecordStore('memory store', () => ({ create: () => new MemoryStore(), isDurable: false }))
