/** The parts that tests use of packages without types. */

declare module 'udx-native' {
  const UDX: new () => unknown
  export default UDX
}

declare module 'sodium-universal' {
  const sodium: { crypto_generichash: (...args: unknown[]) => unknown }
  export default sodium
}

declare module 'fake-indexeddb/auto' {}
