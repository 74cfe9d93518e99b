import { GateError } from '../../core/errors.ts'
import { checkProof, MAX_PROOF_BYTES, type Proven } from '../../record/checkpoint/proof.ts'
import { printable } from '../../record/shell.ts'
import { count, dateTime, safeJson } from './format.ts'
import { givenKeys, readText, successionsAt } from './journal-keys.ts'
import { explain } from './open.ts'
import { readValues } from './options.ts'
import { type Paint, paint } from './paint.ts'
import type { SessionsPorts } from './ports.ts'

const USAGE = `usage: sallyport verify-proof FILE --key PUBLIC... [--successions FILE] [--json]

  FILE          a proof that \`sallyport sessions prove\` made
  --key PUBLIC  the public key that \`sallyport sessions key\` printed, got by a way that you trust
  --successions FILE
                the journal's \`checkpoints/successions.jsonl\`: keys that took the place of the one given are taken as well
`

export type VerifyProofPorts = Pick<SessionsPorts, 'files' | 'out' | 'err' | 'colored'>

interface Options {
  readonly file: string
  readonly keys: readonly string[]
  readonly successions: string | undefined
  readonly json: boolean
}

/**
 * `sallyport verify-proof FILE --key PUBLIC`: checks a proof with nothing but the public key, on any machine. Exit
 * code 0: it holds; 1: it does not, or cannot be read; 2: wrong usage.
 */
export async function verifyProof(args: readonly string[], ports: VerifyProofPorts): Promise<number> {
  if (args.length === 0 || args.includes('--help') || args.includes('-h')) {
    await ports.out(USAGE)
    return args.length === 0 ? 2 : 0
  }
  const options = parse(args)
  if (typeof options === 'string') {
    ports.err(`sallyport: ${printable(options)}\n\n${USAGE}`)
    return 2
  }
  try {
    const { successions } = options
    const known = successions === undefined ? [] : await successionsAt(ports.files, successions)
    const keys = await givenKeys(ports.files, options.keys, known)
    const text = await readText(ports.files, options.file, MAX_PROOF_BYTES)
    if (text === undefined) throw new GateError('proof-invalid', `there is no file \`${options.file}\``)
    const proven = checkProof(text, keys)
    await ports.out(
      options.json ? `${safeJson({ proven: true, ...proven }, 2)}\n` : prose(proven, paint(ports.colored)),
    )
    return 0
  } catch (error) {
    ports.err(`sallyport: ${explain(error)}\n`)
    return 1
  }
}

function prose({ event, number, checkpoint }: Proven, colors: Paint): string {
  const { lane, first, last, journal, key, timeMs } = checkpoint
  const covers = count(last - first + 1, 'event')
  return `${[
    `${colors.good('the proof holds')}: event ${number} of lane ${String(lane).padStart(2, '0')} is this, byte for byte`,
    `journal ${journal}, checkpoint ${checkpoint.number} over ${covers}`,
    `signed ${dateTime(timeMs)} UTC with the key ${key}`,
    '',
    safeJson(event, 2),
  ].join('\n')}\n`
}

/** The options, or what is wrong with the command line. */
function parse(args: readonly string[]): Options | string {
  const read = readValues(args, { key: 'texts', successions: 'text', json: 'flag' })
  if (typeof read === 'string') return read
  const { key: keys, successions, json = false } = read.values
  const [file, ...more] = read.words
  if (file === undefined || more.length > 0) return 'give the file of one proof'
  if (keys === undefined) return 'give the public key with --key'
  return { file, keys, successions, json }
}
