/** What holds for every trace (`lib/query/trace.ts`), checked event by event. */
import type { Assert } from 'brittle'
import type { LookupDone, LookupEvent, LookupStarted, TraceNode } from '../../index.js'
import { commonPrefixLength, idFromAddress } from '../../lib/primitives/id.js'

/** The events of one type. */
export function ofType<T extends LookupEvent['type']>(
  events: readonly LookupEvent[],
  type: T,
): Extract<LookupEvent, { type: T }>[] {
  return events.filter((event): event is Extract<LookupEvent, { type: T }> => event.type === type)
}

/** The last event, of a trace that is complete. */
export function doneOf(events: readonly LookupEvent[]): LookupDone {
  const last = events.at(-1)
  if (last?.type !== 'done') throw new Error(`the trace ends with ${last?.type}`)
  return last
}

const keyOf = ({ host, port }: TraceNode): string => `${host}:${port}`

/** What is wrong with the trace of one lookup that is over. BOUNDED: by the events. */
export function faultsOf(events: readonly LookupEvent[]): string[] {
  const faults: string[] = []
  const check = (holds: boolean, fault: string, event: LookupEvent): void => {
    if (!holds) faults.push(`${fault}: ${JSON.stringify(event)}`)
  }
  const { target } = events[0] as LookupStarted
  const hops = new Map<string, number>()
  const walked = new Set<string>()
  const open = new Map<string, number>()
  const slow = new Set<string>()
  const committing = new Set<string>()
  const counts = { asked: 0, answered: 0, failed: 0, retried: 0 }
  let atMs = 0
  let promised = 0
  for (const [i, event] of events.entries()) {
    check((event.type === 'started') === (i === 0), 'started comes first, once', event)
    check((event.type === 'done') === (i === events.length - 1), 'done comes last, once', event)
    check(event.atMs >= atMs, 'time goes on', event)
    check(event.lookup === events[0]!.lookup, 'the number is the same', event)
    atMs = event.atMs
    if (event.type !== 'learnt') check(promised === 0, 'the names of a reply come right behind it', event)
    if (!('node' in event)) continue
    const { node } = event
    const key = keyOf(node)
    const id = idFromAddress(node.host, node.port)
    check(node.id === Buffer.from(id).toString('hex'), 'the id is the hash of the address', event)
    check(node.sharedBits === commonPrefixLength(id, Buffer.from(target, 'hex')), 'shared bits', event)
    if (event.type === 'learnt') {
      check(!hops.has(key), 'learnt once', event)
      check((event.by === null) === (event.from !== 'reply'), 'a reply is of somebody', event)
      check(node.hop === (event.by === null ? 0 : event.by.hop + 1), 'hops add up', event)
      if (event.by !== null) promised--
      hops.set(key, node.hop)
      continue
    }
    check(hops.has(key), 'learnt before', event)
    const request = `${key} ${'side' in event && event.side}`
    if (event.type === 'asked') {
      if (!event.side) check(!walked.has(key), 'asked once', event)
      else check(walked.has(key), 'asked beside the walk after it', event)
      walked.add(key)
      open.set(request, (open.get(request) ?? 0) + 1)
      counts.asked++
      check(event.inFlight === counts.asked - counts.answered - counts.failed, 'requests on the way', event)
    } else if (event.type === 'answered' || event.type === 'failed') {
      check((open.get(request) ?? 0) > 0, 'settled once', event)
      open.set(request, open.get(request)! - 1)
      counts[event.type]++
      if (event.type === 'answered') {
        check(event.learnt <= event.named && event.rttMs <= event.afterMs, 'numbers that fit', event)
        promised = event.learnt
      }
    } else if (event.type === 'retried') {
      check((open.get(request) ?? 0) > 0, 'retried while it is open', event)
      counts.retried++
    } else if (event.type === 'slow') {
      check((open.get(`${key} false`) ?? 0) > 0 && !slow.has(key), 'slow once, while it is open', event)
      slow.add(key)
    } else if (event.type === 'presumed-dead') {
      check(slow.has(key), 'slow before it is given up', event)
    } else if (event.type === 'commit-asked') {
      committing.add(key)
    } else {
      check(committing.delete(key), 'an outcome for each commit, once', event)
    }
  }
  const done = doneOf(events)
  check(done.asked === counts.asked && done.answered === counts.answered, 'asked and answered', done)
  check(done.failed === counts.failed && done.transmissions === counts.asked + counts.retried, 'failed and sent', done)
  check(done.waiting === [...open.values()].reduce((sum, count) => sum + count, 0), 'waiting', done)
  if (done.error === null) check(committing.size === 0, 'all commits have an outcome', done)
  return faults
}

/** Asserts that these are complete traces, of one lookup or several that overlap, and plain data. */
export function checkStory(t: Assert, events: readonly LookupEvent[], message = 'the story holds'): void {
  const lookups = new Set(events.map(({ lookup }) => lookup))
  for (const number of lookups) {
    t.alike(faultsOf(events.filter(({ lookup }) => lookup === number)), [], `${message}, lookup ${number}`)
  }
  t.alike(JSON.parse(JSON.stringify(events)), events, `${message}: plain data`)
}
