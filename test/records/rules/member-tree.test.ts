import b4a from 'b4a'
import test from 'brittle'
import fc from 'fast-check'
import {
  boundBefore,
  childOf,
  CHILDREN,
  childrenOf,
  digestOfChildren,
  encodeNodes,
  isUnder,
  leadingBits,
  nodeOf,
  type Prefix,
  sameNode,
  type TreeMember,
  WHOLE,
} from '../../../lib/records/rules/member-tree.js'
import { holds } from '../../helpers/properties.js'

const bytesOf = (size: number) => fc.uint8Array({ minLength: size, maxLength: size })
const members: fc.Arbitrary<TreeMember[]> = fc
  .uniqueArray(
    fc.record({
      // Short ones, and many that begin alike.
      subkey: fc.oneof(
        fc.uint8Array({ minLength: 1, maxLength: 5, max: 3 }),
        fc.uint8Array({ minLength: 1, maxLength: 40 }),
      ),
      seq: fc.nat(5),
      round: fc.nat(2),
      signedAtMs: fc.nat(2 ** 31),
      valueHash: bytesOf(32),
    }),
    { selector: ({ subkey }) => subkey.join(), maxLength: 60 },
  )
  .map((some) => some.sort((a, b) => b4a.compare(a.subkey, b.subkey)))
const prefixes: fc.Arbitrary<Prefix> = fc
  .integer({ min: 0, max: 30 })
  .chain((bits) => fc.record({ bits: fc.constant(bits), value: fc.integer({ min: 0, max: 2 ** bits - 1 }) }))

test('member tree: every member is in one part of each division, in order', (t) => {
  holds(
    t,
    fc.property(members, fc.integer({ min: 0, max: 25 }), (all, bits) => {
      const prefix = { bits, value: all.length === 0 ? 0 : leadingBits(all[0]!.subkey, bits) }
      const inside = all.filter(({ subkey }) => isUnder(subkey, prefix))
      const parts = Array.from({ length: CHILDREN }, (_, i) =>
        inside.filter(({ subkey }) => isUnder(subkey, childOf(prefix, i))),
      )
      if (parts.flat().some((member, i) => member !== inside[i])) throw new Error('not a division in order')
      const nodes = childrenOf(inside, prefix)
      if (nodes.some((node, i) => !sameNode(node, nodeOf(parts[i]!)))) throw new Error('not the same nodes')
    }),
  )
})

test('member tree: the members of a part are those behind its bound, up to the first that is not in it', (t) => {
  const sorted = fc.tuple(members, prefixes)
  holds(
    t,
    fc.property(sorted, ([all, any]) => {
      const near = all.length === 0 ? any : { bits: any.bits, value: leadingBits(all.at(-1)!.subkey, any.bits) }
      for (const prefix of [any, near]) {
        const bound = boundBefore(prefix)
        const behind = all.filter(({ subkey }) => bound === null || b4a.compare(subkey, bound) > 0)
        const end = behind.findIndex(({ subkey }) => !isUnder(subkey, prefix))
        const found = end === -1 ? behind : behind.slice(0, end)
        const expected = all.filter(({ subkey }) => isUnder(subkey, prefix))
        if (found.length !== expected.length) throw new Error(`${found.length} instead of ${expected.length}`)
      }
    }),
  )
})

test('member tree: another version, value or member gives another digest', (t) => {
  const member = { subkey: Uint8Array.of(1, 2), seq: 1, round: 0, signedAtMs: 5, valueHash: new Uint8Array(32) }
  const one = nodeOf([member])
  const others: TreeMember[][] = [
    [],
    [{ ...member, seq: 2 }],
    [{ ...member, round: 1 }],
    [{ ...member, signedAtMs: 6 }],
    [{ ...member, subkey: Uint8Array.of(1, 3) }],
    [{ ...member, valueHash: new Uint8Array(32).fill(1) }],
    [member, { ...member, subkey: Uint8Array.of(1, 3) }],
  ]
  for (const other of others) t.absent(sameNode(one, nodeOf(other)))
  t.ok(sameNode(one, nodeOf([{ ...member }])))
  t.alike(nodeOf([]), { count: 0, digest: null })
  t.is(one.digest!.length, 16)
})

test('member tree: the digest of the parts is that of what they say', (t) => {
  const subkeys = [Uint8Array.of(0), Uint8Array.of(255)]
  const said = { seq: 1, round: 0, signedAtMs: 5, valueHash: new Uint8Array(32) }
  const all = subkeys.map((subkey) => ({ ...said, subkey }))
  t.alike(digestOfChildren(childrenOf(all, WHOLE)), digestOfChildren(childrenOf([...all], WHOLE)))
  t.unlike(digestOfChildren(childrenOf(all, WHOLE)), digestOfChildren(childrenOf(all.slice(1), WHOLE)))
  t.is(encodeNodes(childrenOf(all, WHOLE)).length, CHILDREN + 2 * 16)
})
