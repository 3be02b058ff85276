/** What `require` gives: on its own, since it is CommonJS that asks. */
module.exports = {
  xorpc: require('xorpc'),
  standIn: require('xorpc/dht-rpc'),
  compat: require('../../compat/dht-rpc'),
  contactStore: require('xorpc/contact-store'),
  simulation: require('xorpc/simulation'),
  testnet: require('xorpc/testnet'),
}
