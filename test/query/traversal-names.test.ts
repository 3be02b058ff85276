import test from 'brittle'
import { addressKey, formatIPv4, parseIPv4 } from '../../lib/primitives/address.js'
import { idFromIp } from '../../lib/primitives/id.js'
import type { Candidate } from '../../lib/query/candidate.js'
import { CloserNodeList } from './closer-node-list.js'
import type { TraversalEvent } from '../../lib/query/traversal-options.js'
import { create, drain, GOOD, names, NEAR, placeOf, PORT, range, seed } from './neighbourhood.js'

for (const { title, host, port } of [
  { title: 'port 0', host: '20.0.0.1', port: 0 },
  { title: 'a host name', host: 'example.com', port: 1 },
  { title: 'this network', host: '0.0.0.0', port: 1 },
  { title: 'multicast', host: '224.0.0.1', port: 1 },
  { title: 'broadcast', host: '255.255.255.255', port: 1 },
]) {
  test(`traversal: ${title} is no seed`, (t) => {
    const traversal = create()
    t.is(traversal.addSeed(host, port), null)
    t.is(traversal.candidates.length, 0)
    t.ok(traversal.finished)
  })
}

test('traversal: a seed may live anywhere, and counts once', (t) => {
  const traversal = create()
  for (const host of ['127.0.0.1', '192.168.0.1', '8.8.8.8']) {
    const candidate = traversal.addSeed(host, 5)!
    t.alike([candidate.host, candidate.port, candidate.ip, candidate.hop], [host, 5, parseIPv4(host), 0])
    t.alike(candidate.id, idFromIp(parseIPv4(host), 5))
    t.is(traversal.addSeed(host, 5), null)
  }
})

test('traversal: we are never a candidate', (t) => {
  const self = NEAR[4]!
  const traversal = create({ selfId: idFromIp(self.ip, PORT) })
  seed(traversal, 4, 9)
  traversal.onReply(traversal.next()!, GOOD, names(4, 5))
  t.alike(traversal.candidates.map(placeOf), [5, 9])
})

test('traversal: the filter keeps addresses out and is asked once for each', (t) => {
  const seen: string[] = []
  const traversal = create({
    accept(id, host, port) {
      t.alike(id, idFromIp(parseIPv4(host), port))
      seen.push(host)
      return host !== formatIPv4(NEAR[1]!.ip)
    },
  })
  seed(traversal, 20, 21)
  traversal.onReply(traversal.next()!, GOOD, names(0, 1))
  traversal.onReply(traversal.candidates.find((c) => c.state === 'asked') ?? traversal.next()!, GOOD, names(0, 1))
  t.alike(
    seen,
    [20, 21, 0, 1].map((place) => formatIPv4(NEAR[place]!.ip)),
  )
  t.alike(traversal.candidates.map(placeOf), [0, 20, 21])
})

test('traversal: with onlySeeds names are ignored', (t) => {
  const traversal = create({ onlySeeds: true })
  seed(traversal, 20)
  traversal.onReply(traversal.next()!, GOOD, names(0, 1, 2))
  t.is(traversal.candidates.length, 1)
  t.ok(traversal.finished)
})

test('traversal: at most k names of a reply are looked at', (t) => {
  const traversal = create()
  seed(traversal, 99)
  traversal.onReply(traversal.next()!, GOOD, names(...range(0, 90)))
  t.is(traversal.candidates.length, 21)
})

test('traversal: a public replier cannot point us at our own network', (t) => {
  const traversal = create()
  seed(traversal, 50)
  const hosts = ['127.0.0.1', '10.0.0.1', '224.0.0.1', '0.0.0.0', '9.9.9.9']
  const nodes = [...hosts.map((h) => ({ ip: parseIPv4(h), port: 7 })), { ip: NEAR[0]!.ip, port: 0 }]
  traversal.onReply(traversal.next()!, GOOD, new CloserNodeList(nodes))
  t.alike(
    drain(traversal).map((c) => c.host),
    ['9.9.9.9'],
  )
})

test('traversal: a neighbour on this machine may name its like', (t) => {
  const traversal = create()
  traversal.addSeed('127.0.0.1', 1)
  traversal.onReply(traversal.next()!, GOOD, new CloserNodeList([{ ip: parseIPv4('127.0.0.1'), port: 2 }]))
  t.alike(
    drain(traversal).map((c) => c.port),
    [2],
  )
})

test('traversal: allowScope opens our own network to every replier', (t) => {
  const traversal = create({ allowScope: 'private' })
  seed(traversal, 50)
  const hosts = ['127.0.0.1', '10.0.0.1']
  traversal.onReply(traversal.next()!, GOOD, new CloserNodeList(hosts.map((h) => ({ ip: parseIPv4(h), port: 7 }))))
  t.alike(
    drain(traversal).map((c) => c.host),
    ['10.0.0.1'],
  )
})

test('traversal: who named a dead node hears about it, whenever it was named', (t) => {
  const traversal = create({ limits: { initialConcurrency: 4 } })
  seed(traversal, 10, 11, 12)
  const [a, b, c] = drain(traversal) as [Candidate, Candidate, Candidate]
  t.alike(traversal.onReply(a, GOOD, names(0, 0)), [])
  const dead = traversal.next()!
  traversal.onReply(b, GOOD, names(0))
  t.alike(traversal.onFailed(dead).map(placeOf), [10, 11])
  t.alike(traversal.onReply(c, GOOD, names(0, 0, 1)).map(placeOf), [0])
})

test('traversal: hops count the replies that led to a candidate', (t) => {
  const traversal = create()
  seed(traversal, 30)
  traversal.onReply(traversal.next()!, GOOD, names(20))
  traversal.onReply(traversal.next()!, GOOD, names(10, 30))
  t.alike(
    traversal.candidates.map((c) => c.hop),
    [2, 1, 0],
  )
})

test('traversal: the cap of visits ends the lookup', (t) => {
  const traversal = create({ limits: { maxVisits: 2, initialConcurrency: 5 } })
  seed(traversal, ...range(0, 10))
  const asked = drain(traversal)
  t.is(asked.length, 2)
  t.absent(traversal.finished)
  for (const candidate of asked) traversal.onReply(candidate, GOOD, names(...range(20, 30)))
  t.is(traversal.next(), null)
  t.ok(traversal.finished)
})

test('traversal: more seeds take a finished lookup up again', (t) => {
  const traversal = create()
  seed(traversal, 0)
  traversal.onFailed(traversal.next()!)
  t.ok(traversal.finished)
  seed(traversal, 1)
  t.absent(traversal.finished)
  t.is(placeOf(traversal.next()!), 1)
})

test('traversal: k invented names near the target cost one timeout, not the result', (t) => {
  const traversal = create({ limits: { spareRanks: 0 } })
  seed(traversal, ...range(30, 50))
  traversal.onReply(traversal.next()!, GOOD, names(...range(0, 20)))
  const real: number[] = []
  for (let round = 0; round < 5; round++) {
    for (const candidate of drain(traversal)) {
      const place = placeOf(candidate)
      if (place < 20) traversal.onSlow(candidate)
      else real.push(place)
    }
  }
  t.ok(real.length > 0, 'true nodes are asked while the invented ones are waited for')
})

test('traversal: the trace tells the steps in order', (t) => {
  const events: string[] = []
  const trace = ({ type, candidate, referrer }: TraversalEvent): void => {
    events.push(`${type} ${placeOf(candidate)}${referrer === null ? '' : ` by ${placeOf(referrer)}`}`)
  }
  const traversal = create({ trace })
  seed(traversal, 9)
  traversal.onReply(traversal.next()!, GOOD, names(3, 9))
  traversal.onFailed(traversal.next()!)
  seed(traversal, 5)
  traversal.onPresumedDead(traversal.next()!)
  t.alike(events, [
    'seed 9',
    'ask 9',
    'reply 9',
    'named 3 by 9',
    'ask 3',
    'failed 3',
    'seed 5',
    'ask 5',
    'slow 5',
    'presumed-dead 5',
  ])
})

test('traversal: keys are those of the address module', (t) => {
  const traversal = create()
  seed(traversal, 0)
  t.is(traversal.next()!.key, addressKey(NEAR[0]!.ip, PORT))
})
