/** The parts of Node.js that the file store uses: lib is compiled without the types of any runtime. */

declare module 'node:fs/promises' {
  interface FileHandle {
    read(out: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }>
    writeFile(text: string): Promise<void>
    sync(): Promise<void>
    close(): Promise<void>
  }
  export function open(path: string, flags: string, mode?: number): Promise<FileHandle>
  export function rename(from: string, to: string): Promise<void>
  export function unlink(path: string): Promise<void>
}

declare module 'node:path' {
  export function dirname(path: string): string
}
