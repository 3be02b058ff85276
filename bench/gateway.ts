/**
 * Measures the gateway on the loopback interface: round trips and datagrams per second against plain UDP, from Node.js
 * and from a page of Chromium; how old is what a client gets that stands still for two seconds, with flow control and
 * without; and lookups, one after the other and several at a time.
 *
 *     npm run bench:gateway -- --help
 *
 * Client, gateway and the other side are three processes; in plain UDP the gateway has no part. Tables go to stdout,
 * progress to stderr.
 */
import { readCommand } from './command-line.js'
import { redraw, storeAndRedraw } from './documents.js'
import { measureGateway } from './gateway/measure.js'
import { type GatewayCommand, parseGatewayCommand, USAGE } from './gateway/plan.js'
import { gatewaySections } from './gateway/tables.js'
import { loadResults } from './results.js'

async function main({ help, plan, writeDocs, redraw: redrawOnly }: GatewayCommand): Promise<void> {
  if (help) return console.log(USAGE)
  if (redrawOnly) return redraw()
  await measureGateway(plan, async (result) => {
    for (const [name, table] of Object.entries(gatewaySections(result))) {
      console.log(`### ${name}\n\n${table}\n`)
    }
    // Each as soon as it is there: what comes next may take long, or fail.
    if (writeDocs) await storeAndRedraw({ gateway: { ...loadResults().gateway, ...result } })
  })
}

const command = readCommand(parseGatewayCommand, USAGE)
if (command !== null) await main(command)
