/** Signatures are verified once, and what was valid says nothing about anything else. */
import test from 'brittle'
import { createKeyPair, sign } from '../../lib/primitives/ed25519.js'
import { rememberVerified, verifyOnce } from '../../lib/records/verified.js'

const bytes = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill)

test('verified: a signature that was valid is valid for its message and its key alone', async (t) => {
  const [one, two] = [await createKeyPair(bytes(32, 1)), await createKeyPair(bytes(32, 2))]
  const message = bytes(64, 7)
  const signature = await sign(message, one)
  const signed = { message, signature, publicKey: one.publicKey }
  for (let i = 0; i < 3; i++) t.ok(await verifyOnce(signed))
  t.absent(await verifyOnce({ ...signed, message: bytes(64, 8) }))
  t.absent(await verifyOnce({ ...signed, publicKey: two.publicKey }))
  t.absent(await verifyOnce({ ...signed, signature: signature.map((byte, i) => (i === 5 ? byte ^ 1 : byte)) }))
  message[0] = 9
  t.absent(await verifyOnce(signed), 'what is remembered is a copy')
  message[0] = 7
  t.ok(await verifyOnce(signed))
  rememberVerified(0)
  for (let i = 0; i < 2; i++) t.ok(await verifyOnce(signed), 'nor does it need to be remembered')
  rememberVerified(2048)
})
