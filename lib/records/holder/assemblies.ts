/**
 * Segments that are coming in. What is not whole yet is kept in memory only, and by no more of it than the limits say:
 * when they are reached, those that have stood still the longest make room, and where none has, newcomers have to wait.
 *
 * Pure: takes the time, has no timers.
 */
import type { SegmentBuffer } from '../codec/segment-buffer.js'

/** A segment on its way in. */
export interface Assembly {
  readonly key: string
  readonly buffer: SegmentBuffer
  /** Who began to send it. */
  readonly host: string
  /** Latest end that a sender named, wall time in ms. */
  expiresAtMs: number
  /** Monotonic ms of the latest part. */
  activeAt: number
  /** Set once it is whole: what becomes of it. */
  done: Promise<unknown> | null
}

/** BOUNDED: by so many bytes of segments, 128 of the longest. */
const MAX_BYTES = 16 * 1024 * 1024

/** Of these, one host may fill so many. */
const MAX_BYTES_PER_HOST = MAX_BYTES / 2

/** Who has sent nothing for so long may be made to begin anew. */
const IDLE_MS = 10_000

/** And who has sent nothing for so long has given up. */
const ABANDONED_MS = 120_000

export class Assemblies {
  /** By name, the one that has stood still the longest first. BOUNDED: by MAX_BYTES. */
  readonly #all = new Map<string, Assembly>()
  #bytes = 0

  /** Bytes of segments that are coming in. */
  get bytes(): number {
    return this.#bytes
  }

  get(key: string, now: number): Assembly | null {
    const assembly = this.#all.get(key) ?? null
    if (assembly !== null && now - assembly.activeAt >= ABANDONED_MS && assembly.done === null) {
      this.remove(assembly)
      return null
    }
    return assembly
  }

  /** A new one; null: there is no room now. */
  open(key: string, host: string, buffer: SegmentBuffer, now: number): Assembly | null {
    if (!this.#makeRoom(buffer.sizeBytes, host, now)) return null
    const assembly: Assembly = { key, buffer, host, expiresAtMs: 0, activeAt: now, done: null }
    this.#all.set(key, assembly)
    this.#bytes += buffer.sizeBytes
    return assembly
  }

  /** Takes note of a part that came in. */
  touch(assembly: Assembly, expiresAtMs: number, now: number): void {
    assembly.activeAt = now
    assembly.expiresAtMs = Math.max(assembly.expiresAtMs, expiresAtMs)
    this.#all.delete(assembly.key)
    this.#all.set(assembly.key, assembly)
  }

  remove(assembly: Assembly): void {
    if (this.#all.get(assembly.key) !== assembly) return
    this.#all.delete(assembly.key)
    this.#bytes -= assembly.buffer.sizeBytes
  }

  clear(): void {
    this.#all.clear()
    this.#bytes = 0
  }

  #makeRoom(sizeBytes: number, host: string, now: number): boolean {
    const isOver = (): boolean =>
      this.#bytes + sizeBytes > MAX_BYTES || this.#bytesOf(host) + sizeBytes > MAX_BYTES_PER_HOST
    while (isOver()) {
      const idle = this.#longestIdle(now)
      if (idle === null) return false
      this.remove(idle)
    }
    return true
  }

  #longestIdle(now: number): Assembly | null {
    for (const assembly of this.#all.values()) {
      if (now - assembly.activeAt < IDLE_MS) return null
      if (assembly.done === null) return assembly
    }
    return null
  }

  #bytesOf(host: string): number {
    let bytes = 0
    for (const assembly of this.#all.values()) if (assembly.host === host) bytes += assembly.buffer.sizeBytes
    return bytes
  }
}
