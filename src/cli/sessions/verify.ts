import { compareAnchored } from '../../record/anchored/compare.ts'
import { verifyBlobs } from '../../record/blobs/verify.ts'
import type { PublicKeys } from '../../record/checkpoint/signer.ts'
import { describePlace } from '../../record/place.ts'
import type { JournalSource } from '../../record/read.ts'
import { printable } from '../../record/shell.ts'
import { type LaneReport, type RemovedRange, type VerifyReport, verifyJournal } from '../../record/verify.ts'
import { anchorText } from './anchor-report.ts'
import { bodiesText } from './bodies-report.ts'
import { count, dateTime, safeJson } from './format.ts'
import { givenKeys, ownKeys, successionsAt, successionsPath } from './journal-keys.ts'
import { type Paint, paint } from './paint.ts'
import type { SessionsPorts } from './ports.ts'
import { runProofCommand } from './proof-command.ts'

const USAGE = `usage: sallyport sessions verify [--key PUBLIC] [--anchor PLACE] [--bodies] [--json]
                                 [--config FILE | --data FOLDER]

  --key PUBLIC  checks the signatures with the public keys in this file (\`sallyport sessions key\` prints them), not
                with those that the data folder itself has, and with keys that took their place; a lane that has no
                checkpoint at all, though it should, does not hold then
  --anchor PLACE  compares with what was anchored, too: a file of checkpoints, or a folder that \`aws s3 sync\` has made;
                each of them must be in the journal, to the letter
  --bodies      reads every body that was kept in a file, too, and compares it with what was recorded of it

  Prints where each lane ends, how far signed checkpoints reach, and what retention has removed. Exit code 1 and the
  place if it is not whole.
`

/**
 * `sallyport sessions verify`: proves that the chain is whole, and that it is the one that the checkpoints were
 * signed over. Exit code 1 if it is not.
 */
export function verify(args: readonly string[], ports: SessionsPorts): Promise<number> {
  return runProofCommand(args, ports, {
    usage: USAGE,
    takesEvent: false,
    takes: new Set(['key', 'anchor', 'bodies', 'json'] as const),
    async run({ key, anchor, bodies, json }, source) {
      const keys = key === undefined ? await ownKeys(source) : await followed(source, key)
      const report = await verifyJournal(source, keys, { signed: key !== undefined })
      const anchored = anchor === undefined ? undefined : await compareAnchored(source, anchor)
      // Of a journal that is broken, nothing says which bodies there were.
      const kept = bodies && report.whole ? await verifyBlobs(source) : undefined
      const whole = report.whole && anchored?.whole !== false && kept?.whole !== false
      const colors = paint(ports.colored)
      const compared = anchored === undefined ? '' : anchorText(anchored, colors)
      const read = kept === undefined ? '' : bodiesText(kept, colors)
      await ports.out(
        json
          ? `${safeJson({ ...report, whole, anchored, bodies: kept }, 2)}\n`
          : text(report, colors) + compared + read,
      )
      return whole ? 0 : 1
    },
  })
}

/** Given keys, and those that took their place as the journal says: each is signed by the one before. */
async function followed(source: JournalSource, paths: readonly string[]): Promise<PublicKeys> {
  const { files } = source
  return givenKeys(files, paths, await successionsAt(files, successionsPath(source)))
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
  lines.push(`         ${checkpointLine(lane, colors)}`)
  for (const removed of lane.removed ?? []) lines.push(`         ${removedText(removed)}`)
  if (lane.unfinished !== undefined) {
    const bytes = count(lane.unfinished.bytes, 'byte')
    lines.push(`         ${bytes} of an event that is being written, or that a crash cut off, follow`)
  }
  return lines
}

/** What retention has removed, and what vouches for it. */
export function removedText({ segments, events, by, timeMs, kept }: RemovedRange): string {
  const [first, last] = events
  const what = `events ${first} to ${last} (segments ${segments[0]} to ${segments[1]}) were removed`
  const where = kept === undefined ? '' : `, and are kept in ${printable(kept)}`
  return `${what}: ${printable(by)} of ${dateTime(timeMs)} vouches for it${where}`
}

/** How far signed checkpoints reach: what stands behind them is shown by the chain and its head alone. */
function checkpointLine({ events, checkpoints }: LaneReport, colors: Paint): string {
  if (checkpoints === undefined) return events === 0 ? 'no checkpoint yet' : colors.warn('no checkpoint')
  const reach = `${count(checkpoints.count, 'checkpoint')} up to event ${checkpoints.lastEvent}`
  if (checkpoints.signatures === 'verified') return reach
  return `${reach}, ${colors.warn('signatures not checked: there is no key, give one with --key')}`
}
