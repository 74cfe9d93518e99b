import type { AnchoredLane, AnchorFault, AnchorReport } from '../../record/anchored/compare.ts'
import { printable } from '../../record/shell.ts'
import { count } from './format.ts'
import type { Paint } from './paint.ts'

/** How a comparison with an anchor reads: what is not in the journal, or how far it is anchored. */
export function anchorText(report: AnchorReport, colors: Paint): string {
  const lines = report.faults.flatMap(fault => faultLines(fault, colors))
  if (report.faultCount > report.faults.length) {
    lines.push(`and ${count(report.faultCount - report.faults.length, 'more checkpoint')}`)
  }
  lines.push(...report.lanes.map(lane => laneLine(lane, colors)))
  if (report.unreadable > 0) {
    const what = `${count(report.unreadable, 'line')} of the anchor`
    lines.push(colors.warn(`${what} ${report.unreadable === 1 ? 'is no checkpoint' : 'are no checkpoints'}`))
  }
  const answer = report.whole
    ? `${colors.good('the journal has all that was anchored')}`
    : `${colors.bad('the journal is not what was anchored')}: ${count(report.faultCount, 'checkpoint')} of the anchor not in it`
  return `${[...lines, answer].join('\n')}\n`
}

const nameOf = (lane: number): string => `lane ${String(lane).padStart(2, '0')}`

function faultLines(
  { lane, checkpoint, first, last, reason, path, line }: AnchorFault,
  colors: Paint,
): string[] {
  const events = first === last ? `event ${first}` : `events ${first} to ${last}`
  return [
    `${nameOf(lane)}  ${colors.bad('not as anchored')}  checkpoint ${checkpoint} (${events}): ${printable(reason)}`,
    `         at ${printable(path)}, line ${line}`,
  ]
}

function laneLine({ lane, checkpoints, upTo, lastEvent, unanchored }: AnchoredLane, colors: Paint): string {
  const reach = `${nameOf(lane)}  anchored up to checkpoint ${upTo}, event ${lastEvent}`
  if (unanchored === 0) return reach
  return `${reach}; ${colors.warn(`of ${checkpoints + unanchored} checkpoints, the anchor lacks ${unanchored}`)}`
}
