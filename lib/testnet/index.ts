/**
 * xorpc/testnet: networks of real nodes on the loopback interface, for the tests of applications.
 *
 * @module xorpc/testnet
 */
export { createTestnet } from './testnet.js'
export type { Testnet, TestnetOptions } from './testnet.js'
