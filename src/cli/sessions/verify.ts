import { describePlace } from '../../record/place.ts'
import type { JournalSource } from '../../record/read.ts'
import { printable } from '../../record/shell.ts'
import { type LaneReport, type VerifyReport, verifyJournal } from '../../record/verify.ts'
import { count, safeJson } from './format.ts'
import { type Paint, paint } from './paint.ts'
import type { SessionsPorts } from './ports.ts'

/** `sallyport sessions verify`: proves that the chain is whole. Exit code 1 if it is not. */
export async function verify(source: JournalSource, json: boolean, ports: SessionsPorts): Promise<number> {
  const report = await verifyJournal(source)
  await ports.out(json ? `${safeJson(report, 2)}\n` : text(report, paint(ports.colored)))
  return report.whole ? 0 : 1
}

function text(report: VerifyReport, colors: Paint): string {
  const lines = report.lanes.flatMap(lane => laneLines(lane, colors))
  const broken = report.lanes.filter(lane => lane.break !== undefined)
  const sum = `${count(report.events, 'event')} in ${count(report.lanes.length, 'lane')}`
  const answer = report.whole
    ? `${colors.good('the journal is whole')}: ${sum}`
    : `${colors.bad('the journal is broken')} in ${broken.length} of ${count(report.lanes.length, 'lane')}`
  return `${[...lines, answer].join('\n')}\n`
}

function laneLines(lane: LaneReport, colors: Paint): string[] {
  const name = `lane ${String(lane.lane).padStart(2, '0')}`
  const content = `${count(lane.events, 'event')} in ${count(lane.segments, 'segment')}`
  if (lane.break !== undefined) {
    const { place, reason } = lane.break
    return [
      `${name}  ${colors.bad('broken')}  ${content} before the break`,
      `         at ${describePlace(place)}: ${printable(reason)}`,
    ]
  }
  const lines = [`${name}  ${colors.good('whole')}   ${content}  ${colors.dim(`link ${lane.link}`)}`]
  if (lane.unfinished !== undefined) {
    const bytes = count(lane.unfinished.bytes, 'byte')
    lines.push(`         ${bytes} of an event that is being written, or that a crash cut off, follow`)
  }
  return lines
}
