import test from 'brittle'
import fc from 'fast-check'
import { idFromIp } from '../../lib/primitives/id.js'
import { Candidate } from '../../lib/query/candidate.js'
import { CandidateTable } from '../../lib/query/candidate-table.js'
import { holds } from '../helpers/properties.js'

const PORTS = 8

/** Addresses few enough that most steps meet one that is there. */
const ALL = Array.from({ length: 400 }, (_, i) => {
  const [ip, port] = [0xfffffe00 + Math.floor(i / PORTS), 65_535 - (i % PORTS)]
  return new Candidate(idFromIp(ip, port), 0, ip, port, 0)
})

test('candidate table: holds what a map would, whatever comes and goes', (t) => {
  const steps = fc.array(fc.tuple(fc.nat(ALL.length - 1), fc.boolean()), { maxLength: 1500 })
  holds(
    t,
    fc.property(steps, (all) => {
      const table = new CandidateTable()
      const model = new Set<Candidate>()
      for (const [index, adds] of all) {
        const candidate = ALL[index]!
        const isThere = model.has(candidate)
        if (table.get(candidate.ip, candidate.port) !== (isThere ? candidate : undefined)) return false
        if (adds && !isThere) {
          table.add(candidate)
          model.add(candidate)
        } else if (!adds && isThere) {
          table.remove(candidate)
          model.delete(candidate)
        }
      }
      return (
        table.size === model.size &&
        ALL.every((each) => table.get(each.ip, each.port) === (model.has(each) ? each : undefined))
      )
    }),
  )
})

test('candidate table: hundreds of addresses of one host, or of one port, do not share a place', (t) => {
  for (const addressOf of [(i: number) => [1, 1 + i], (i: number) => [i, 49737]] as const) {
    const table = new CandidateTable()
    const candidates = Array.from({ length: 1000 }, (_, i) => {
      const [ip, port] = addressOf(i) as [number, number]
      return new Candidate(ALL[0]!.id, 0, ip, port, 0)
    })
    for (const candidate of candidates) table.add(candidate)
    t.ok(candidates.every((each) => table.get(each.ip, each.port) === each))
    t.is(table.size, 1000)
    for (const candidate of candidates) table.remove(candidate)
    t.is(table.size, 0)
    t.is(table.get(1, 1), undefined)
  }
})
