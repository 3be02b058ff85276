/** The chapters beside the picture: the text of the written tutorial, what to watch, and the code of its step. */
import * as text01 from '../../01-a-lonely-node/README.md'
import * as text02 from '../../02-a-bootstrapper/README.md'
import * as text03 from '../../03-a-first-node/README.md'
import * as text04 from '../../04-turning-persistent/README.md'
import * as text05 from '../../05-a-second-node/README.md'
import * as text06 from '../../06-a-node-dies/README.md'
import * as text07 from '../../07-hundreds-of-nodes/README.md'
import * as text08 from '../../08-a-command-of-your-own/README.md'
import * as text09 from '../../09-a-query/README.md'
import * as text10 from '../../10-write-and-read/README.md'
import * as text11 from '../../11-a-closer-node-joins/README.md'
import * as text12 from '../../12-any-holder-will-do/README.md'
import * as text13 from '../../13-records-that-last/README.md'
import code01 from './01-a-lonely-node.js?raw'
import code02 from './02-a-bootstrapper.js?raw'
import code03 from './03-a-first-node.js?raw'
import code04 from './04-turning-persistent.js?raw'
import code05 from './05-a-second-node.js?raw'
import code06 from './06-a-node-dies.js?raw'
import code07 from './07-hundreds-of-nodes.js?raw'
import code08 from './08-a-command-of-your-own.js?raw'
import code09 from './09-a-query.js?raw'
import code10 from './10-write-and-read.js?raw'
import code11 from './11-a-closer-node-joins.js?raw'
import code12 from './12-any-holder-will-do.js?raw'
import code13 from './13-records-that-last.js?raw'

export interface Chapter {
  title: string
  /** HTML, made of the written tutorial when the page is built. */
  html: string
  /** Where to look while the step is done. */
  watch: string
  /** The step. */
  code: string
  /** Panel that shows most of it. */
  panel: 'node' | 'lookup' | 'record' | 'numbers' | 'log'
}

export const CHAPTERS: readonly Chapter[] = [
  {
    ...text01,
    code: code01,
    panel: 'node',
    watch: 'One hollow dot: an ephemeral node, at a provisional place that only it knows of.',
  },
  {
    ...text02,
    code: code02,
    panel: 'node',
    watch: 'Two diamonds. Their places on the circle are the hashes of their addresses.',
  },
  {
    ...text03,
    code: code03,
    panel: 'node',
    watch: 'The newcomer asks the bootstrapper, and stays hollow: it knows one node, and nobody knows it.',
  },
  {
    ...text04,
    code: code04,
    panel: 'node',
    watch:
      'The checklist of the node on the right, and its dot: once persistent, it is filled and moves to its real id.',
  },
  {
    ...text05,
    code: code05,
    panel: 'node',
    watch: 'The second node asks the bootstrapper, hears of the first node, and asks that one too.',
  },
  {
    ...text06,
    code: code06,
    panel: 'node',
    watch: 'The cross is the dead node. The table of the first node names it until a request to it has failed.',
  },
  {
    ...text07,
    code: code07,
    panel: 'node',
    watch:
      'The bands inside the circle are the buckets of the bootstrapper: each covers half as much as the one before.',
  },
  {
    ...text08,
    code: code08,
    panel: 'log',
    watch: 'Three requests, three replies, between two nodes. Change the code, and run it again.',
  },
  {
    ...text09,
    code: code09,
    panel: 'lookup',
    watch: 'Each solid line is an answer, each dashed one a question on its way. The star is the target.',
  },
  {
    ...text10,
    code: code10,
    panel: 'lookup',
    watch: 'One green square: the only node that holds the value. Kill it in the picture, and read again.',
  },
  {
    ...text11,
    code: code11,
    panel: 'lookup',
    watch:
      'After the walk each of the twenty closest gets the commit with its own token, and turns into a green square.',
  },
  {
    ...text12,
    code: code12,
    panel: 'lookup',
    watch: 'Half of the holders are dead, and still the value comes back after a few replies.',
  },
  {
    ...text13,
    code: code13,
    panel: 'record',
    watch: 'The green squares move on: when a closer node joins, a holder hands the record to it before anybody asks.',
  },
]
