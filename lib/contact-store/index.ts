/**
 * `xorpc/contact-store`: where a node keeps its contacts between two runs, so that it finds its network again while
 * every bootstrap node is down.
 *
 * @module xorpc/contact-store
 */
export { FileContactStore } from './file.js'
export { IndexedDBContactStore } from './indexed-db.js'
export type { ContactStore, SavedContacts } from '../node/saved-contacts.js'
