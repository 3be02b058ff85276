/** What the code in the editor can use, in words: `code-api.ts` makes it. */

/** Name, what follows it, and what it does. */
export const API_HELP: readonly [name: string, args: string, does: string][] = [
  ['startNetwork', '(count)', 'starts over: a network of so many nodes, the first a bootstrapper; 0: nobody'],
  ['growNetwork', '(count)', 'adds persistent nodes until there are so many'],
  ['startNode', '(options?)', 'a node that has joined; options of new DHT(), and nat: open, firewalled, …'],
  ['startVisitor', '()', 'an ephemeral node: it asks, but is in nobody’s table'],
  ['bootstrapper', '()', 'a node at a well-known address, for others to join through'],
  ['nodes', '()', 'the living nodes, in the order in which they came'],
  ['kill', '(...nodes)', 'their machines stop, without a word'],
  ['firewall', '(...nodes)', 'only answers reach them from now on'],
  ['cutInTwo, heal', '()', 'cuts the network in two halves, and puts it together again'],
  ['setLoss', '(share)', 'loses this share of all datagrams, 0 to 1'],
  ['holders', '(target)', 'the living nodes that keep a value for the target'],
  ['hash', '(text)', 'where a key lives: its SHA-256, 32 bytes'],
  ['distance, sharedBits', '(a, b)', 'of two ids: the XOR as a bigint, the leading bits in common'],
  ['toHex, toText, toBytes', '(x)', 'bytes as digits, bytes as text, text as bytes'],
  ['sleep', '(ms)', 'waits, in virtual time'],
  ['hurry', '(promise)', 'lets time fly until the promise is settled'],
  ['once', '(node, event)', 'waits for an event of a node, such as persistent or add-node'],
  ['speed', '(x)', 'the clock: 1 as in reality, 0.1 ten times slower'],
  ['select', '(node)', 'shows a node in the picture'],
  ['nameOf', '(node)', 'what the page calls it'],
  ['PUT, GET', '', 'commands that every node here knows: keep a value (with a token), give it back'],
  ['DHT', '', 'the class, for its constants; console.log prints below the editor'],
]
