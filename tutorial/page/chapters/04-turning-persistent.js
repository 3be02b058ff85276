// Watch it: what is my address, can strangers reach me, am I here to stay?
await startNetwork(8)
speed(5)
const node = await startNode({
  stableAfterMs: 15_000, // 20 minutes, if you leave it out
})
select(node)
node.on('nat-update', (host, port) => console.log('others see it at', `${host}:${port}`))
console.log('provisional id:', toHex(node.table.id).slice(0, 8))
console.log('ephemeral, as it is', node.ephemeralReason)

await once(node, 'persistent')
console.log('persistent now, with the id', toHex(node.id).slice(0, 8))

// The same behind a firewall: strangers do not get through, so it stays ephemeral.
const behind = await startNode({ stableAfterMs: 15_000, nat: 'firewalled' })
select(behind)
await hurry(sleep(60_000))
console.log('behind a firewall: ephemeral, as it is', behind.ephemeralReason)
