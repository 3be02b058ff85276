/** Child process: sends requests of the application at a steady pace, from one or many addresses, and reads no answer. */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { encodeRequest } from '../../lib/wire/request.js'
import { serve } from '../process.js'

const SERVER = 0x7f000001

/** Datagrams go out in bursts of this pace: timers are no finer. */
const BURST_MS = 2

/** @returns datagrams sent */
async function flood(port: number, addresses: string[], perSecond: number, ms: number): Promise<number> {
  const sockets = await Promise.all(addresses.map(open))
  const target = new Uint8Array(32).fill(7)
  const fields = { ip: SERVER, port, id: null, token: null, internal: false, command: 1, target, value: null }
  const startMs = performance.now()
  let sent = 0
  for (let elapsed = 0; elapsed < ms; elapsed = performance.now() - startMs) {
    for (const due = (elapsed * perSecond) / 1000; sent < due; sent++) {
      const bytes = encodeRequest({ tid: sent & 0xffff, ...fields })
      sockets[sent % sockets.length]!.send(bytes, port, '127.0.0.1', () => {})
    }
    await new Promise((resolve) => setTimeout(resolve, BURST_MS))
  }
  for (const socket of sockets) socket.close()
  return sent
}

async function open(address: string): Promise<Socket> {
  const socket = createSocket('udp4')
  socket.on('message', () => {}).on('error', () => {})
  socket.bind(0, address)
  await once(socket, 'listening')
  return socket
}

const handlers = { flood }
export type OverloadFlood = typeof handlers
serve(handlers)
