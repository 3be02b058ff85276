/** The event emitter of the runtime, with typed events. */
import EventEmitter from 'events-universal'

/** Names of events and the arguments their listeners get. */
export type EventMap = { [name: string]: unknown[] }

/** What every runtime's event emitter offers, typed by `Events`. */
export interface TypedEmitter<Events extends EventMap> {
  on<E extends keyof Events>(event: E, listener: (...args: Events[E]) => unknown): this
  once<E extends keyof Events>(event: E, listener: (...args: Events[E]) => unknown): this
  off<E extends keyof Events>(event: E, listener: (...args: Events[E]) => unknown): this
  addListener<E extends keyof Events>(event: E, listener: (...args: Events[E]) => unknown): this
  removeListener<E extends keyof Events>(event: E, listener: (...args: Events[E]) => unknown): this
  removeAllListeners<E extends keyof Events>(event?: E): this
  prependListener<E extends keyof Events>(event: E, listener: (...args: Events[E]) => unknown): this
  /** The listeners of an event, in order, those of `once` in the wrapper that removes them. */
  rawListeners<E extends keyof Events>(event: E): ((...args: Events[E]) => unknown)[]
  listenerCount<E extends keyof Events>(event: E): number
  /** Calls the listeners in order; returns whether there was one. */
  emit<E extends keyof Events>(event: E, ...args: Events[E]): boolean
}

/** Base class for typed emitters: `class X extends (Emitter as EmitterClass<XEvents>) {}`. */
export type EmitterClass<Events extends EventMap> = new () => TypedEmitter<Events>

type EventName = keyof EventMap
type Listener = ((...args: unknown[]) => unknown) & { listener?: Listener }

const RuntimeEmitter = EventEmitter as unknown as EmitterClass<EventMap>

/**
 * For runtimes (Bare) whose `rawListeners` gives the listeners of `once` bare, so that who calls them himself calls them
 * for ever: here they are in a wrapper that removes them, as in Node.js.
 */
class WrappingEmitter extends RuntimeEmitter {
  override once(event: EventName, listener: Listener): this {
    const wrapper: Listener = (...args) => {
      this.off(event, wrapper)
      return listener.apply(this, args)
    }
    wrapper.listener = listener
    return this.on(event, wrapper)
  }

  override off(event: EventName, listener: Listener): this {
    const isMeant = (raw: Listener): boolean => raw === listener || raw.listener === listener
    return super.off(event, this.rawListeners(event).findLast(isMeant) ?? listener)
  }

  override removeListener(event: EventName, listener: Listener): this {
    return this.off(event, listener)
  }

  listeners(event: EventName): Listener[] {
    return this.rawListeners(event).map((raw: Listener) => raw.listener ?? raw)
  }
}

/** Whether the runtime's `once` makes wrappers. */
function wrapsOnce(): boolean {
  const listener = (): void => {}
  return new RuntimeEmitter().once('event', listener).rawListeners('event')[0] !== listener
}

export const Emitter = wrapsOnce() ? RuntimeEmitter : (WrappingEmitter as EmitterClass<EventMap>)
