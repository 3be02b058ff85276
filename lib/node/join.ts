/**
 * How a node gets into the network (behaviour 7.1).
 *
 * A node that was told to be persistent only needs a handful of answers to learn its address and to have its socket
 * probed; then it looks up its real id, which is what makes its neighbours know it. Everybody else walks to the
 * random id it starts with, to fill its table.
 */
import type { Core } from './core.js'
import { ownLookup } from './own-lookup.js'

/** Results of the first walk of a node that will walk again with its real id: as many as there are probes. */
const FIRST_CONTACTS = 5

/** Requests at a time while joining: the table is what counts, and a second more or less is not. */
const CONCURRENCY = 10

/** Resolves when the node has joined as well as it can now. Never rejects for what the network does. */
export async function join(core: Core): Promise<void> {
  const { config, identity } = core
  if (config.ephemeral === false) await joinPersistent(core)
  else if (config.firewalled && config.quickFirewall) await joinAndProbe(core)
  else await ownLookup(core, core.contacts.table.id, { concurrency: CONCURRENCY })
  if (core.closed === null && !identity.ephemeral) {
    await ownLookup(core, core.contacts.table.id, { concurrency: CONCURRENCY })
  }
}

async function joinPersistent(core: Core): Promise<void> {
  const { identity } = core
  const start = core.contacts.table.id
  // A bootstrapper knows its address from the start.
  if (identity.host === null) {
    await ownLookup(core, start, { k: FIRST_CONTACTS, concurrency: CONCURRENCY })
  }
  await identity.upgrade(true)
  if (identity.ephemeral && core.closed === null) await ownLookup(core, start, { concurrency: CONCURRENCY })
}

/** The first node to answer is also asked whether it can reach our server socket. */
async function joinAndProbe(core: Core): Promise<void> {
  let ended = false
  let open = false
  const onFirstReply = ({ from }: { from: { host: string; port: number } }): void => {
    void core.errands.pingNat(from).then((answer) => {
      open = answer !== null && answer.onServerSocket
      // The hint may come later than the walk ends; it is as good then.
      if (open && ended) void core.identity.upgrade(false)
    })
  }
  await ownLookup(core, core.contacts.table.id, { onFirstReply, concurrency: CONCURRENCY })
  ended = true
  if (open) await core.identity.upgrade(false)
}
