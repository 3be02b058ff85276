/** Counters of a network: every datagram sent ends up in exactly one of `delivered` and the losses, or is on its way. */

/**
 * Why a datagram did not arrive: `loss` by chance; `mtu`, it was too large; `dead`, there is no such host, or it is
 * killed or asleep, or the sender is; `partition`; `nat`, the receiver's NAT or firewall did not expect it; `closed`,
 * nobody listens on the port; `refused` by the network's tap.
 */
export type LossReason = 'loss' | 'mtu' | 'dead' | 'partition' | 'nat' | 'closed' | 'refused'

/** Changed in place. */
export interface NetworkStats {
  /** Datagrams that hosts sent, those that were doubled on the way counting twice. */
  sent: number
  sentBytes: number
  delivered: number
  lost: Record<LossReason, number>
}

export function createNetworkStats(): NetworkStats {
  return {
    sent: 0,
    sentBytes: 0,
    delivered: 0,
    lost: { loss: 0, mtu: 0, dead: 0, partition: 0, nat: 0, closed: 0, refused: 0 },
  }
}
