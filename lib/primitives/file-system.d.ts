/** The parts of `node:fs/promises` and `bare-fs/promises` that are used: lib has no types of any runtime. */

declare module '#fs' {
  export interface FileHandle {
    read(out: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }>
    write(bytes: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesWritten: number }>
    sync(): Promise<void>
    close(): Promise<void>
  }
  export function open(path: string, flags: string, mode?: number): Promise<FileHandle>
  export function rename(from: string, to: string): Promise<void>
  export function unlink(path: string): Promise<void>
}
