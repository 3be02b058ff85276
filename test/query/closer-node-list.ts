import type { CloserNodes } from '../../lib/query/closer-nodes.js'

/** `CloserNodes` over a list that exists anyway. */
export class CloserNodeList implements CloserNodes {
  readonly #nodes: readonly { readonly ip: number; readonly port: number }[]

  /** @param nodes addresses as 32-bit number and port, kept */
  constructor(nodes: readonly { readonly ip: number; readonly port: number }[]) {
    this.#nodes = nodes
  }

  get length(): number {
    return this.#nodes.length
  }

  ipAt(index: number): number {
    return this.#nodes[index]!.ip
  }

  portAt(index: number): number {
    return this.#nodes[index]!.port
  }
}
