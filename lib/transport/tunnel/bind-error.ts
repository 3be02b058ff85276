/** Why a socket at a gateway could not be had, in the words of the systems that other transports run on. */
import type { BindOutcome } from './refusal.js'

export function bindError(outcome: BindOutcome, host: string, port: number): Error {
  if (outcome === 'in-use') return systemError('EADDRINUSE', `address already in use: ${host}:${port}`)
  if (outcome === 'not-allowed') return systemError('EACCES', `the gateway does not give out port ${port}`)
  if (outcome === 'too-many') return systemError('EMFILE', 'the gateway gives this client no more sockets')
  return systemError('EADDRNOTAVAIL', `the gateway could not bind ${host}:${port}`)
}

export function systemError(code: string, text: string): Error {
  return Object.assign(new Error(`${code}: ${text}`), { code })
}
