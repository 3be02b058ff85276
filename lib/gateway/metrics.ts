/** What a gateway counts. The counters only grow; those that say "now" are what they say. */
import { type CloseName, createRefusalCounts, type RefusalCounts } from '../transport/tunnel/refusal.js'

/** Why a connection was refused. `busy`: too many were being refused or asked about at the time to say why. */
export type ConnectionRefusal = 'origin' | 'unauthorized' | 'version' | 'tooMany' | 'full' | 'goingAway' | 'busy'

/**
 * Faults below the messages of the tunnel: one longer than `maxMessageBytes` (close code 1009), frames that are none of a
 * WebSocket.
 */
export type FrameFault = 'tooLong' | 'framing'

/** Why a datagram from outside did not reach its client. */
export type DeliveryDrop = 'protocol' | 'source' | 'parked' | 'window'

export interface GatewayStats {
  connections: {
    /** Open now. */
    open: number
    accepted: number
    refused: Record<ConnectionRefusal, number>
    /** Connections that the gateway closed, by reason. */
    closed: Partial<Record<CloseName | FrameFault, number>>
    /**
     * Requests that came through a proxy whose word does not count: while this grows, all clients of a proxy that is
     * missing in `trustedProxies` share the limits of one address.
     */
    unheardProxies: number
  }
  sessions: {
    /** With or without a connection, now. */
    open: number
    /** Without a connection, now. */
    parked: number
    resumed: number
    /** Whose client did not come back in time, or that gave way to others. */
    expired: number
    /** Tickets that were not good for a session: it had expired, or the secret was wrong. */
    refusedTickets: number
  }
  /** UDP sockets that are open now. */
  sockets: number
  messages: { received: number; sent: number }
  /** From clients to the network. */
  outgoing: { datagrams: number; bytes: number; refused: RefusalCounts }
  /** From the network to clients. */
  incoming: { datagrams: number; bytes: number; dropped: Record<DeliveryDrop, number> }
  lookups: number
}

export function createGatewayStats(): GatewayStats {
  return {
    connections: {
      open: 0,
      accepted: 0,
      refused: { origin: 0, unauthorized: 0, version: 0, tooMany: 0, full: 0, goingAway: 0, busy: 0 },
      closed: {},
      unheardProxies: 0,
    },
    sessions: { open: 0, parked: 0, resumed: 0, expired: 0, refusedTickets: 0 },
    sockets: 0,
    messages: { received: 0, sent: 0 },
    outgoing: { datagrams: 0, bytes: 0, refused: createRefusalCounts() },
    incoming: { datagrams: 0, bytes: 0, dropped: { protocol: 0, source: 0, parked: 0, window: 0 } },
    lookups: 0,
  }
}

/** The counters in the text format of Prometheus (version 0.0.4). */
export function formatMetrics(stats: GatewayStats): string {
  const lines: string[] = []
  const add = (name: string, type: 'counter' | 'gauge', values: Record<string, number>, label = ''): void => {
    lines.push(`# TYPE xorpc_gateway_${name} ${type}`)
    for (const [key, value] of Object.entries(values)) {
      lines.push(`xorpc_gateway_${name}${label === '' ? '' : `{${label}="${key}"}`} ${value}`)
    }
  }
  const { connections, sessions, outgoing, incoming } = stats
  add('connections', 'gauge', { now: connections.open })
  add('connections_accepted_total', 'counter', { all: connections.accepted })
  add('connections_refused_total', 'counter', connections.refused, 'reason')
  add('connections_closed_total', 'counter', connections.closed, 'reason')
  add('unheard_proxies_total', 'counter', { all: connections.unheardProxies })
  add('sessions', 'gauge', { open: sessions.open, parked: sessions.parked }, 'state')
  add('sessions_resumed_total', 'counter', { all: sessions.resumed })
  add('sessions_expired_total', 'counter', { all: sessions.expired })
  add('tickets_refused_total', 'counter', { all: sessions.refusedTickets })
  add('sockets', 'gauge', { now: stats.sockets })
  add('messages_total', 'counter', { in: stats.messages.received, out: stats.messages.sent }, 'direction')
  add('datagrams_total', 'counter', { out: outgoing.datagrams, in: incoming.datagrams }, 'direction')
  add('datagram_bytes_total', 'counter', { out: outgoing.bytes, in: incoming.bytes }, 'direction')
  add('datagrams_refused_total', 'counter', outgoing.refused, 'reason')
  add('datagrams_dropped_total', 'counter', incoming.dropped, 'reason')
  add('lookups_total', 'counter', { all: stats.lookups })
  return `${lines.join('\n')}\n`
}
