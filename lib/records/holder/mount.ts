/**
 * Puts a handler of commands before what a node does with requests. It sees each request first, and takes those that are
 * its; the rest goes on to `request` listeners, to a subclass, or to the module mounted before.
 */
import type { DHT } from '../../node/dht.js'
import type { Request } from '../../rpc/request.js'

/** @param handle false: the request is somebody else's. @returns takes it off again; idempotent */
export function mountHandler(node: DHT, handle: (request: Request) => boolean): () => void {
  // oxlint-disable-next-line typescript/unbound-method -- called on the node below
  const next = node.onrequest
  const wasOwn = Object.hasOwn(node, 'onrequest')
  let mounted = true
  const onrequest = (request: Request): unknown => (mounted && handle(request)) || next.call(node, request)
  node.onrequest = onrequest
  return () => {
    mounted = false
    // Where somebody else has mounted on top, ours stays in between and lets everything pass.
    if (node.onrequest !== onrequest) return
    if (wasOwn) node.onrequest = next
    else delete (node as Partial<DHT>).onrequest
  }
}
