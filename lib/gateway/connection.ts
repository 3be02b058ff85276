/**
 * One client's connection: its messages, the rules on what it may send, and datagrams for it.
 *
 * Invariants: it has a place among the sessions from the upgrade to its end, taken over by its session; nothing is sent
 * to a client that does not read but what its window allows; every datagram that is not passed on is counted, and the
 * client is told.
 */
import { formatIPv4, parseIPv4 } from '../primitives/address.js'
import { ReceiveCredit, SendCredit } from '../transport/tunnel/credit.js'
import { DatagramBatch, DatagramReader, DATAGRAMS, RECORD_HEADER_BYTES } from '../transport/tunnel/datagram-frame.js'
import type { Link } from '../transport/tunnel/link.js'
import {
  type ClientMessage,
  decodeClientMessage,
  encodeGatewayMessage,
  type GatewayMessage,
  type SessionTicket,
  TUNNEL_VERSION,
} from '../transport/tunnel/messages.js'
import { CLOSE, type CloseName, type Refusal } from '../transport/tunnel/refusal.js'
import type { ClientInfo } from './client-info.js'
import { FOREIGN, inspectOutgoing, kindOf, NO_PORT } from './datagram-rules.js'
import { isDestinationAllowed, isHostAllowed } from './destination.js'
import { ExpectedAnswers } from './expected-answers.js'
import { RefusalNotices } from './refusal-notices.js'
import type { Session, SessionConnection } from './session.js'
import { TokenBucket } from '../primitives/token-bucket.js'
import type { TunnelServer } from './tunnel-server.js'

/** A connection that can be asked for a sign of life. */
export interface ServerLink extends Link {
  ping(): void
}

/** What waits for a client that does not read, beyond its window: answers to its messages, and refusals. */
const MAX_BUFFERED_BYTES = 64 * 1024

export class Connection implements SessionConnection {
  readonly client: ClientInfo
  session: Session | null = null
  /** Whether its session goes on over another connection, with its place. */
  wasSuperseded = false
  /** Whether the server is going to flush it. */
  isQueued = false
  readonly #server: TunnelServer
  readonly #link: ServerLink
  readonly #batch = new DatagramBatch()
  readonly #received: ReceiveCredit
  readonly #notices = new RefusalNotices()
  readonly #answers = new ExpectedAnswers()
  readonly #messageBudget: TokenBucket
  #credit: SendCredit | null = null
  #windowBytes = 0
  #ended = false
  readonly #openedAt: number
  #heardAt: number
  #pingedAt: number
  #isAnswerDue = false

  constructor(server: TunnelServer, link: ServerLink, client: ClientInfo) {
    const { limits, clock } = server.config
    const now = clock.now()
    this.#server = server
    this.#link = link
    this.client = client
    this.#received = new ReceiveCredit(limits.windowBytes)
    this.#messageBudget = new TokenBucket(limits.messagesPerSecond, now)
    this.#openedAt = now
    this.#heardAt = now
    this.#pingedAt = now
  }

  /** A message of the client; null: a text. */
  onMessage(bytes: Uint8Array | null): void {
    if (this.#ended) return
    this.#server.stats.messages.received++
    this.#heardAt = this.#server.config.clock.now()
    if (bytes === null) this.close('malformed', 'a text message')
    else if (bytes[0] === DATAGRAMS) this.#onFrame(bytes)
    else this.#onControl(decodeClientMessage(bytes))
  }

  /** The client has answered a ping, or asked with one. */
  onPong(): void {
    this.#isAnswerDue = false
  }

  /** The link is closed. */
  onClose(code: number): void {
    if (!this.#ended) this.#end(code === CLOSE.done)
  }

  deliver(socket: number, ip: number, port: number, bytes: Uint8Array): boolean {
    if (!this.#credit!.take(RECORD_HEADER_BYTES + bytes.length)) {
      this.#notices.add('window')
      return false
    }
    if (this.#batch.isFull(bytes.length)) this.flush()
    this.#batch.add(socket, ip, port, bytes)
    if (kindOf(bytes) === 'response') this.#answers.onAnswer()
    this.#server.flushSoon(this)
    return true
  }

  /** Whether what has been collected is to wait for what comes in another turn of the event loop. */
  waits(now: number): boolean {
    return !this.#ended && !this.#batch.isEmpty && this.#answers.waits(now)
  }

  /** Sends what has been collected. */
  flush(): void {
    if (this.#ended || (this.#batch.isEmpty && !this.#received.isDue)) return
    this.#answers.onPassed()
    this.#server.stats.messages.sent++
    this.#link.send(this.#batch.take(this.#received.tell()))
  }

  /** Ends the connection and says why. Its session stays for the client to come back, unless it needs it no more. */
  close(name: CloseName, reason: string = name): void {
    if (this.#ended) return
    const { closed } = this.#server.stats.connections
    closed[name] = (closed[name] ?? 0) + 1
    this.#tellRefusals()
    this.#link.close(CLOSE[name], reason)
    this.#end(false)
  }

  /** Asks the client to go elsewhere within this time. */
  sendAway(withinMs: number): void {
    this.#send({ type: 'goaway', withinMs })
  }

  /** The regular look at the time. */
  sweep(now: number): void {
    const { limits } = this.#server.config
    if (this.session === null) {
      if (now - this.#openedAt >= limits.helloTimeoutMs) this.close('helloTimeout', 'no hello')
    } else if (now - this.#heardAt >= limits.idleTimeoutMs) {
      this.close('idle', `silent for ${limits.idleTimeoutMs} ms`)
    } else if (now - this.session.activeAt >= limits.quietTimeoutMs) {
      this.close('idle', `no datagram for ${limits.quietTimeoutMs} ms`)
    } else {
      this.#tellRefusals()
      if (now - this.#pingedAt >= limits.heartbeatMs) this.#ping(now)
    }
  }

  #ping(now: number): void {
    this.#pingedAt = now
    if (this.#isAnswerDue) {
      this.close('lost', 'no answer to a ping')
      return
    }
    this.#isAnswerDue = true
    this.#link.ping()
  }

  #onControl(message: ClientMessage | null): void {
    if (!this.#messageBudget.take(this.#heardAt)) {
      this.close('overload', 'too many messages')
    } else if (message === null) {
      this.close('malformed', 'no message of the tunnel')
    } else if (message.type === 'hello') {
      this.#onHello(message.version, message.windowBytes, message.ticket)
    } else if (this.session === null) {
      this.close('malformed', 'no hello')
    } else {
      this.#onRequest(message, this.session)
    }
  }

  #onHello(version: number, windowBytes: number, ticket: SessionTicket | null): void {
    if (this.session !== null) {
      this.close('malformed', 'a second hello')
      return
    }
    if (version !== TUNNEL_VERSION) {
      this.close('version', `version ${TUNNEL_VERSION} is spoken here`)
      return
    }
    const { config } = this.#server
    this.#windowBytes = Math.min(windowBytes, config.limits.windowBytes)
    this.#credit = new SendCredit(this.#windowBytes)
    const { session, resumed } = this.#server.sessionFor(this, ticket)
    this.session = session
    session.connection = this
    session.activeAt = this.#heardAt
    this.#send({
      type: 'welcome',
      version: TUNNEL_VERSION,
      resumed,
      ticket: session.ticket,
      windowBytes: config.limits.windowBytes,
      graceMs: toU32(config.limits.graceMs),
      idleMs: toU32(config.limits.idleTimeoutMs),
      ip: parseIPv4(config.host),
      maxDatagramBytes: config.limits.maxDatagramBytes,
      sockets: session.sockets,
    })
  }

  #onRequest(message: Exclude<ClientMessage, { type: 'hello' }>, session: Session): void {
    switch (message.type) {
      case 'bind': {
        const { socket } = message
        const bound = session.bind(socket, message.port)
        if (bound === null) this.close('overload', 'too many wishes')
        else void bound.then(({ outcome, port }) => this.#send({ type: 'bound', socket, outcome, port }))
        break
      }
      case 'close': {
        const { socket } = message
        const closed = session.close(socket)
        if (closed === null) this.close('overload', 'too many wishes')
        else void closed.then(() => this.#send({ type: 'closed', socket }))
        break
      }
      case 'lookup':
        void this.#lookup(message.id, message.name, session)
        break
      case 'ping':
        this.#send({ type: 'pong' })
        break
    }
  }

  async #lookup(id: number, name: string, session: Session): Promise<void> {
    const { config } = this.#server
    let ip = 0
    if (!session.lookupBudget.take(this.#heardAt) || !this.#server.names.isFree) {
      this.#refuse('lookup')
    } else {
      ip = await this.#server.names.lookup(name)
    }
    // What lies inside our own network is none of a stranger's business.
    this.#send({ type: 'address', id, ip: isHostAllowed(ip, config.destinations) ? ip : 0 })
  }

  #onFrame(frame: Uint8Array): void {
    const { session } = this
    const reader = session === null ? null : DatagramReader.open(frame)
    if (session === null || reader === null || !this.#credit!.onConsumed(reader.consumed)) {
      this.close('malformed', 'no frame of datagrams')
      return
    }
    if (reader.recordBytes === 0 && !this.#messageBudget.take(this.#heardAt)) {
      this.close('overload', 'too many messages')
      return
    }
    const { outgoing } = this.#server.stats
    while (reader.next()) {
      // What is left of a frame that has ended the connection counts as well.
      const refusal = this.#ended ? 'rate' : this.#pass(session, reader)
      if (refusal !== null) this.#refuse(refusal)
      else {
        outgoing.datagrams++
        outgoing.bytes += reader.datagram.length
      }
    }
    if (this.#ended) return
    session.activeAt = this.#heardAt
    this.#received.onConsumed(reader.recordBytes)
    if (this.#received.isDue) this.#server.flushSoon(this)
  }

  /** Sends one datagram to the network, or says why not. */
  #pass(session: Session, { socket, ttl, ip, port, datagram }: DatagramReader): Refusal | null {
    const { config, totalDatagrams, totalBytes } = this.#server
    const now = this.#heardAt
    const size = datagram.length
    if (!session.datagramBudget.take(now)) {
      if (!session.floodBudget.take(now)) this.close('overload', 'a flood of datagrams')
      return 'rate'
    }
    if (size > config.limits.maxDatagramBytes) return 'size'
    if (!session.byteBudget.take(now, size)) return 'rate'
    if (!isDestinationAllowed(ip, port, config.destinations)) return 'destination'
    const answerPort = inspectOutgoing(datagram)
    if (answerPort === FOREIGN) return 'protocol'
    if (answerPort !== NO_PORT && !session.hasPort(answerPort)) return 'ping-nat'
    const sender = session.socket(socket)
    if (sender === undefined) return 'socket'
    if (!totalDatagrams.take(now) || !totalBytes.take(now, size)) return 'total-rate'
    try {
      sender.trySend(datagram, port, formatIPv4(ip), ttl)
      if (kindOf(datagram) === 'request') this.#answers.onRequest(now)
    } catch {
      // What the system refuses to send is lost, as what the network drops.
    }
    return null
  }

  #refuse(reason: Refusal): void {
    this.#server.stats.outgoing.refused[reason]++
    this.#notices.add(reason)
  }

  #tellRefusals(): void {
    const notice = this.#notices.take(this.#server.config.clock.now())
    if (notice !== null) this.#send(notice)
  }

  #send(message: GatewayMessage): void {
    if (this.#ended) return
    if (this.#link.bufferedBytes > this.#windowBytes + MAX_BUFFERED_BYTES) {
      this.close('overload', 'does not read')
      return
    }
    this.flush()
    this.#server.stats.messages.sent++
    this.#link.send(encodeGatewayMessage(message))
  }

  #end(done: boolean): void {
    this.#ended = true
    this.#server.onEnd(this, done)
  }
}

/** The wire has 32 bits. */
function toU32(value: number): number {
  return Math.min(Math.floor(value), 0xffffffff)
}
