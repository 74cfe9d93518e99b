import { GateError } from '../../core/errors.ts'
import type { JournalKey } from '../../record/checkpoint/key-file.ts'
import { checkProof, encodeProof, prove as makeProof } from '../../record/checkpoint/proof.ts'
import { byId, writePublicKeys } from '../../record/checkpoint/signer.ts'
import { printable } from '../../record/shell.ts'
import { fileSink } from './export-sink.ts'
import { dateTime } from './format.ts'
import { ownKeyFile, ownKeys } from './journal-keys.ts'
import { type ProofPorts, runProofCommand } from './proof-command.ts'

const PROVE_USAGE = `usage: sallyport sessions prove EVENT [--out FILE] [--config FILE | --data FOLDER]

  EVENT        the id of an event: of a decision, an outcome, a session's beginning
  --out FILE   where the proof goes; without it: to standard output

  Whoever has the public key (\`sallyport sessions key\`) checks it with \`sallyport verify-proof\`.
`

const KEY_USAGE = `usage: sallyport sessions key [--config FILE | --data FOLDER]

  Prints the public keys with which the journal's checkpoints are checked, as PEM, oldest first, and since when and until
  when each has signed.
`

/**
 * `sallyport sessions prove EVENT`: a proof that stands by itself. Exit code 0: made; 1: no checkpoint covers the
 * event, or the journal is broken, or has no such event; 2: wrong usage.
 */
export function prove(args: readonly string[], ports: ProofPorts): Promise<number> {
  return runProofCommand(args, ports, {
    usage: PROVE_USAGE,
    takesEvent: true,
    takes: new Set(['out'] as const),
    async run({ event = '', out }, source) {
      const text = encodeProof(await makeProof(source, event))
      const keys = await ownKeys(source)
      // What is handed out has been checked as its reader will check it.
      if (keys !== undefined) checkProof(text, keys)
      if (out === undefined) {
        await ports.out(text)
        return 0
      }
      const sink = await fileSink(ports.files, out)
      await sink.write(text)
      await sink.finish()
      await ports.out(`the proof of ${printable(event)} is in ${printable(out)}\n`)
      return 0
    },
  })
}

/** `sallyport sessions key`: the public keys of the journal. */
export function key(args: readonly string[], ports: ProofPorts): Promise<number> {
  return runProofCommand(args, ports, {
    usage: KEY_USAGE,
    takesEvent: false,
    takes: new Set(),
    async run(_, source) {
      const own = await ownKeyFile(source)
      if (own === undefined) {
        throw new GateError('journal-key-unusable', 'the data folder has no `keys/journal.json`')
      }
      for (const each of own.keys)
        await ports.out(`${span(each)}\n${writePublicKeys(byId([each.publicKey]))}`)
      return 0
    },
  })
}

/** A line that readers of the keys pass over. */
function span({ id, createdMs, retiredMs, kms }: JournalKey): string {
  const until = retiredMs === undefined ? 'signs now' : `until ${dateTime(retiredMs)} UTC`
  const where = kms === undefined ? '' : `, ${kms.arn}`
  return printable(`# key ${id}, from ${dateTime(createdMs)} UTC, ${until}${where}`)
}
