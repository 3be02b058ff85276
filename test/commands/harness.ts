/** Internal requests as command handlers get them, and answers written down. */
import { parseIPv4 } from '../../lib/primitives/address.js'
import type { Answer, InboundCommand } from '../../lib/commands/contract.js'
import { decodeRequest, encodeRequest } from '../../lib/wire/request.js'

export const HOST = '20.0.0.1'
export const PORT = 10001

export interface Answered {
  inbound: InboundCommand
  error: number
  add: { token: boolean; closerNodes: boolean }
  port: number | undefined
}

export function inboundOf(
  command: number,
  fields: { target?: Uint8Array; value?: Uint8Array } = {},
  host = HOST,
): InboundCommand {
  const bytes = encodeRequest({
    tid: 1,
    ip: parseIPv4('9.8.7.6'),
    port: 5,
    id: null,
    token: null,
    internal: true,
    command,
    target: fields.target ?? null,
    value: fields.value ?? null,
  })
  return { bytes, message: decodeRequest(bytes)!, ip: parseIPv4(host), port: PORT }
}

/** A way to answer that keeps what it was told. */
export function recordAnswers(): { answers: Answered[]; answer: Answer<InboundCommand> } {
  const answers: Answered[] = []
  return { answers, answer: (inbound, error, add, port) => void answers.push({ inbound, error, add, port }) }
}
