// No goodbye: the tables name the dead until somebody wants something of them.
await startNetwork(0)
const boss = await bootstrapper()
const settings = { ephemeral: false, refreshIntervalMs: 1000 } // 5 minutes, if you leave it out
const first = await startNode(settings)
const second = await startNode(settings)
await sleep(1000)
console.log(`before: the bootstrapper knows ${boss.table.size}, the first node knows ${first.table.size}`)

select(first)
speed(1)
kill(second)
const noticed = once(first, 'remove-node')
console.log(`it dies: the first node still knows ${first.table.size}`)
await noticed
console.log(`noticed: the first node knows ${first.table.size}`)
