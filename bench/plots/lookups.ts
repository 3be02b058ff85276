/** How long lookups take: the share that is over after some time, without and with dead nodes. */
import type { LookupsResult } from '../scenarios/lookups.js'
import { SUBJECTS } from '../scenarios/scenario.js'
import type { SubjectName } from '../subject.js'
import { COLORS, drawPicture, type Panel, Plot, TEXT_COLORS } from './canvas.js'

/** The axis ends where nearly all lookups are over: the slowest would press the rest together. */
const SHOWN_SHARE = 0.97

export function drawLookups({ distributions, nodes, versions }: LookupsResult): string {
  const most = Math.max(...distributions.map(({ ms }) => ms[Math.floor(SHOWN_SHARE * (ms.length - 1))]!))
  const shares = [...new Set(distributions.map(({ dead }) => dead))]
  const panels = shares.map((dead): Panel => {
    const points = distributions
      .filter((one) => one.dead === dead)
      .flatMap(({ client, ms }) => ms.map((time, i) => ({ client, time: time / 1000, share: i / (ms.length - 1) })))
    const medians = points
      .filter(({ share }) => share === 0.5)
      .map(({ client, time }, i) => ({
        client,
        label: `median ${time.toFixed(2)} s`,
        x: most / 1000,
        y: 0.15 - i * 0.09,
      }))
    return {
      title: dead === 0 ? 'all nodes alive' : `${Math.round(100 * dead)} % of the nodes dead`,
      options: {
        x: { label: 'seconds', domain: [0, most / 1000], grid: true },
        y: { label: '% of lookups are over', percent: true, domain: [0, 100], grid: true },
        color: { domain: SUBJECTS, range: SUBJECTS.map((name) => COLORS[name]) },
        marks: [
          Plot.ruleY([0]),
          Plot.line(points, { x: 'time', y: 'share', stroke: 'client', strokeWidth: 2.5, clip: true }),
          Plot.dot(
            points.filter(({ share }) => share === 0.5),
            { x: 'time', y: 'share', fill: 'client', r: 3.5 },
          ),
          Plot.text(medians, {
            x: 'x',
            y: 'y',
            text: 'label',
            fill: ({ client }: { client: SubjectName }) => TEXT_COLORS[client],
            dx: -6,
            textAnchor: 'end',
            fontWeight: 600,
            fontSize: 12.5,
            stroke: 'white',
            strokeWidth: 4,
          }),
        ],
      },
    }
  })
  return drawPicture({
    title: `Time of a lookup in a network of ${nodes.toLocaleString('en-US')} nodes`,
    legend: SUBJECTS.map((name) => ({ label: `${name} ${versions[name]}`, color: COLORS[name] })),
    panels,
    panelWidth: 330,
    panelHeight: 300,
  })
}
