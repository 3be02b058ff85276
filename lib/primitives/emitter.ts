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

export const Emitter = EventEmitter as unknown as EmitterClass<EventMap>
