/** The nodes in the picture, by number, and what has changed about them since the page was told. */
import type { SimulatedHost } from 'xorpc/simulation'
import type { NodeRole, NodeView } from './frame.js'
import { type TutorialNode, toHex } from './tutorial-node.js'

export interface Member {
  readonly key: number
  readonly node: TutorialNode
  /** The machine it runs on. */
  readonly host: SimulatedHost
  readonly role: NodeRole
  /** Side of a cut network. */
  side: number
  /** What the page knows. */
  told: NodeView | null
}

/** Values under the target of a lookup, or a record. */
export interface Shown {
  /** 64 hexadecimal digits; '' for none. */
  readonly target: string
  /** 32-byte key; null: a value. */
  readonly record: Uint8Array | null
}

export class Roster {
  /** By number, in order. BOUNDED: by the network's limit. */
  readonly #members = new Map<number, Member>()
  readonly #byNode = new Map<TutorialNode, Member>()
  readonly #byAddress = new Map<string, Member>()
  #removed: number[] = []
  #count = 0

  get size(): number {
    return this.#members.size
  }

  add(node: TutorialNode, host: SimulatedHost, role: NodeRole): Member {
    const member: Member = { key: ++this.#count, node, host, role, side: 0, told: null }
    this.#members.set(member.key, member)
    this.#byNode.set(node, member)
    this.#byAddress.set(host.address, member)
    return member
  }

  remove(member: Member): void {
    this.#members.delete(member.key)
    this.#byNode.delete(member.node)
    this.#byAddress.delete(member.host.address)
    this.#removed.push(member.key)
  }

  all(): Member[] {
    return [...this.#members.values()]
  }

  living(): Member[] {
    return this.all().filter(isUp)
  }

  get(key: number): Member | undefined {
    return this.#members.get(key)
  }

  of(node: TutorialNode): Member | undefined {
    return this.#byNode.get(node)
  }

  atAddress(host: string): Member | undefined {
    return this.#byAddress.get(host)
  }

  /** The page starts from nothing: all nodes are new to it. */
  forgetTold(): void {
    for (const member of this.#members.values()) member.told = null
    this.#removed = []
  }

  /** Nodes that changed, or are new, since the last call. @param shown what holders are shown of */
  takeChanges(shown: Shown): { changed: NodeView[]; removed: number[] } {
    const changed: NodeView[] = []
    for (const member of this.#members.values()) {
      const view = viewOf(member, shown)
      if (member.told !== null && isSame(member.told, view)) continue
      member.told = view
      changed.push(view)
    }
    const removed = this.#removed
    this.#removed = []
    return { changed, removed }
  }
}

export function isUp({ node, host }: Member): boolean {
  return host.up && !node.destroyed
}

/** The id of a node, or the provisional one that only it knows. */
export function idOf(node: TutorialNode): string {
  return toHex(node.table.id)
}

/** Ids by table: it is another table when the id changes, so its digits need be made once only. */
const idTexts = new WeakMap<object, string>()

function cachedId({ table }: TutorialNode): string {
  let text = idTexts.get(table)
  if (text === undefined) idTexts.set(table, (text = toHex(table.id)))
  return text
}

function viewOf(member: Member, { target, record }: Shown): NodeView {
  const { key, role, node, host, side } = member
  return {
    key,
    role,
    id: cachedId(node),
    host: host.address,
    port: node.port,
    up: isUp(member),
    persistent: !node.ephemeral,
    nat: host.nat?.kind ?? 'open',
    side,
    holds: record === null ? node.values.has(target) : (node.records?.countOf(record) ?? 0) > 0,
  }
}

function isSame(a: NodeView, b: NodeView): boolean {
  return (
    a.id === b.id &&
    a.up === b.up &&
    a.persistent === b.persistent &&
    a.holds === b.holds &&
    a.side === b.side &&
    a.nat === b.nat &&
    a.host === b.host &&
    a.port === b.port
  )
}
