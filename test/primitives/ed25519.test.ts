import b4a from 'b4a'
import test from 'brittle'
import { createEngine as createNative } from '../../lib/primitives/ed25519-native.js'
import { createWebCryptoEngine, nobleEngine } from '../../lib/primitives/ed25519-portable.js'
import { createKeyPair, ed25519Engine, sign, verify, verifyAll } from '../../lib/primitives/ed25519.js'

const bytes = (hex: string): Uint8Array => b4a.from(hex, 'hex')

/** RFC 8032, section 7.1, tests 1 to 3. */
const RFC8032 = [
  {
    seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    publicKey: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    seed: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    publicKey: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
  {
    seed: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    publicKey: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    message: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  },
]

const { subtle } =
  (globalThis as unknown as { crypto?: { subtle?: Parameters<typeof createWebCryptoEngine>[0] } }).crypto ?? {}

test('ed25519: every engine makes and accepts the signatures of RFC 8032', async (t) => {
  const engines = [await createNative(), nobleEngine, subtle ? createWebCryptoEngine(subtle) : nobleEngine]
  for (const engine of engines) {
    for (const vector of RFC8032) {
      const [seed, publicKey, message] = [bytes(vector.seed), bytes(vector.publicKey), bytes(vector.message)]
      t.alike(b4a.from(await engine.publicKeyOf(seed)), publicKey)
      const signature = await engine.sign(message, { publicKey, secretKey: b4a.concat([seed, publicKey]) })
      t.is(b4a.toString(b4a.from(signature), 'hex'), vector.signature)
      t.ok(await engine.verify({ message, signature, publicKey }))
      const wrong = Uint8Array.from(signature)
      wrong[3]! ^= 1
      t.absent(await engine.verify({ message, signature: wrong, publicKey }))
      t.absent(await engine.verify({ message: b4a.from('x'), signature, publicKey }))
    }
  }
})

test('ed25519: the door signs, verifies, and never rejects', async (t) => {
  const keyPair = await createKeyPair(new Uint8Array(32).fill(7))
  const { publicKey } = keyPair
  t.alike(b4a.from(keyPair.secretKey.subarray(32)), b4a.from(publicKey))
  const message = b4a.from('message')
  const signature = await sign(message, keyPair)
  t.alike(
    await verifyAll([
      { message, signature, publicKey },
      { message: b4a.from('other'), signature, publicKey },
    ]),
    [true, false],
  )
  t.absent(await verify({ message, signature: signature.subarray(1), publicKey }))
  t.absent(await verify({ message, signature, publicKey: publicKey.subarray(1) }))
  t.absent(await verify({ message, signature, publicKey: new Uint8Array(32).fill(255) }), 'no point')
  t.ok(['sodium', 'webcrypto', 'noble'].includes((await ed25519Engine()).name))
})

test('ed25519: keys of low order and signatures written in another way are refused', async (t) => {
  const message = b4a.from('anything')
  // S = 0 and R = the key: valid for every message, by the equation.
  for (const weak of ['01', '00'].map((byte) => bytes(byte + '00'.repeat(31)))) {
    t.absent(await verify({ message, signature: b4a.concat([weak, new Uint8Array(32)]), publicKey: weak }))
  }
  const keyPair = await createKeyPair(new Uint8Array(32).fill(8))
  const signature = await sign(message, keyPair)
  const order = bytes('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010')
  const other = Uint8Array.from(signature)
  for (let i = 0, carry = 0; i < 32; i++) {
    const sum = other[32 + i]! + order[i]! + carry
    other[32 + i] = sum & 0xff
    carry = sum >> 8
  }
  t.absent(await verify({ message, signature: other, publicKey: keyPair.publicKey }))
  t.ok(await verify({ message, signature, publicKey: keyPair.publicKey }))
})
