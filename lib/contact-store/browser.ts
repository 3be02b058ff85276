/** `xorpc/contact-store` in browsers, which have no files: chosen by the condition `browser`. */
export { IndexedDBContactStore } from './indexed-db.js'
export type { ContactStore, SavedContacts } from '../node/saved-contacts.js'
