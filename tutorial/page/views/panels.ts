/** The panels beside the picture. A new one is a line here, and a function that draws it from the page's state. */
import type { TemplateResult } from 'lit-html'
import type { PageHost } from '../page-state.js'
import type { Charts } from './charts.js'
import { logPanel } from './log-panel.js'
import { lookupPanel } from './lookup-panel.js'
import { nodePanel } from './node-panel.js'
import { numbersPanel } from './numbers-panel.js'
import { recordPanel } from './record-panel.js'

export interface Panel {
  id: string
  title: string
  draw: (host: PageHost, charts: Charts) => TemplateResult
}

export const PANELS: readonly Panel[] = [
  { id: 'lookup', title: 'Lookup', draw: lookupPanel },
  { id: 'record', title: 'Record', draw: recordPanel },
  { id: 'node', title: 'Node', draw: nodePanel },
  { id: 'numbers', title: 'Numbers', draw: numbersPanel },
  { id: 'log', title: 'Log', draw: logPanel },
]
