import b4a from 'b4a'
import test from 'brittle'
import { parseIPv4 } from '../../lib/primitives/address.js'
import type { Random } from '../../lib/primitives/random.js'
import { tokenFor, Tokens } from '../../lib/rpc/tokens.js'
import { loadVectors } from '../vectors/load.js'

interface TokenVectors {
  vectors: { secret: string; host: string; token: string }[]
  acceptance: { milliseconds: number }[]
}

const HOST = '10.0.0.1'
const IP = parseIPv4(HOST)
const OTHER_IP = parseIPv4('10.9.9.9')

/** Every secret it hands out, so that a test can count them and compute tokens itself. */
function createRecordedRandom(): Random & { secrets: Uint8Array[] } {
  const secrets: Uint8Array[] = []
  return {
    secrets,
    bytes(sizeBytes) {
      const out = b4a.alloc(sizeBytes, secrets.length + 1)
      secrets.push(out)
      return out
    },
    below: () => 0,
  }
}

function createTokens(rotateMs?: number) {
  const random = createRecordedRandom()
  return { tokens: new Tokens({ random, rotateMs }), secrets: random.secrets }
}

test('tokens: match the vectors', (t) => {
  for (const { secret, host, token } of loadVectors<TokenVectors>('tokens').vectors) {
    t.is(b4a.toString(tokenFor(b4a.from(secret, 'hex'), host), 'hex'), token, host)
  }
})

test('tokens: what was issued is valid, for this host only', (t) => {
  const { tokens } = createTokens()
  const token = tokens.issue(IP, 0)
  t.ok(tokens.verify(IP, token, 0, 0))
  t.absent(tokens.verify(parseIPv4('10.0.0.2'), token, 0, 0))
  t.absent(createTokens().tokens.verify(IP, b4a.alloc(32), 0, 0), 'nothing issued yet')
})

test('tokens: every bit of a token counts', (t) => {
  const { tokens } = createTokens()
  const token = tokens.issue(IP, 0)
  let accepted = 0
  for (let bit = 0; bit < 256; bit++) {
    const forged = b4a.from(token)
    forged[bit >> 3]! ^= 1 << (bit & 7)
    if (tokens.verify(IP, forged, 0, 0)) accepted++
  }
  t.is(accepted, 0)
})

test('tokens: are read at an offset and never beyond the end', (t) => {
  const { tokens } = createTokens()
  const datagram = b4a.concat([b4a.alloc(10, 0xff), tokens.issue(IP, 0)])
  t.ok(tokens.verify(IP, datagram, 10, 0))
  t.absent(tokens.verify(IP, datagram, 9, 0))
  t.absent(tokens.verify(IP, datagram, 11, 0), 'reaches beyond the end')
  t.absent(tokens.verify(IP, datagram, -1, 0), 'absent')
})

test('tokens: live at least one rotation and at most two', (t) => {
  for (const issuedAt of [0, 1, 15_000, 29_999]) {
    for (const probeEveryMs of [1, 1000, 29_000, 100_000]) {
      const { tokens } = createTokens()
      tokens.issue(OTHER_IP, 0)
      const token = tokens.issue(IP, issuedAt)
      let lastValid = issuedAt
      let firstInvalid = Infinity
      for (let now = issuedAt; now < 200_000; now += probeEveryMs) {
        if (tokens.verify(IP, token, 0, now)) lastValid = now
        else firstInvalid = Math.min(firstInvalid, now)
      }
      const label = `issued at ${issuedAt}, looked at every ${probeEveryMs} ms`
      t.ok(lastValid < 60_000, `${label}: dead after a minute`)
      t.ok(firstInvalid >= 60_000, `${label}: alive for two periods of its secret`)
    }
  }
})

test('tokens: outlive a query with dead nodes and the time others grant', (t) => {
  const granted = Math.max(...loadVectors<TokenVectors>('tokens').acceptance.map((row) => row.milliseconds))
  const refused: number[] = []
  for (let issuedAt = 0; issuedAt < 120_000; issuedAt += 500) {
    const { tokens } = createTokens()
    tokens.issue(OTHER_IP, 0)
    const token = tokens.issue(IP, issuedAt)
    if (!tokens.verify(IP, token, 0, issuedAt + Math.max(granted, 30_000))) refused.push(issuedAt)
  }
  t.alike(refused, [])
})

test('tokens: secrets are fresh, one per period, and only when somebody asks', (t) => {
  const { tokens, secrets } = createTokens(1000)
  t.is(secrets.length, 0, 'none before the first use')
  tokens.issue(IP, 5000)
  t.is(secrets.length, 1)
  tokens.issue(IP, 5999)
  t.is(secrets.length, 1)
  t.alike(tokens.issue(IP, 6000), tokenFor(secrets[1]!, HOST))
  tokens.issue(IP, 60_000)
  t.is(secrets.length, 3, 'a long silence costs one secret, not one per period')
})

test('tokens: a clock that steps back does no harm', (t) => {
  const { tokens } = createTokens()
  const token = tokens.issue(IP, 50_000)
  t.ok(tokens.verify(IP, token, 0, 10_000))
})

test('tokens: the same host costs one hash, however many hosts there are', (t) => {
  const { tokens } = createTokens()
  const token = tokens.issue(IP, 0)
  t.is(tokens.issue(IP, 1), token, 'the very same buffer')
  for (let i = 0; i < 5000; i++) tokens.issue(OTHER_IP + i, 2)
  t.not(tokens.issue(IP, 3), token, 'the cache was emptied in between')
  t.alike(tokens.issue(IP, 3), token)
})

test('tokens: a period that is none is refused', (t) => {
  for (const rotateMs of [0, -1, NaN]) void t.exception.all(() => createTokens(rotateMs), RangeError, String(rotateMs))
})

test('tokens: hosts of the upper half have tokens of their own', (t) => {
  const { tokens, secrets } = createTokens()
  for (const host of ['127.255.255.255', '128.0.0.0', '200.1.2.3', '255.255.255.255']) {
    const token = tokens.issue(parseIPv4(host), 0)
    t.alike(token, tokenFor(secrets[0]!, host), host)
    t.ok(tokens.verify(parseIPv4(host), token, 0, 0))
  }
})
