import { dirname, join } from 'node:path'
import { GateError } from '../../core/errors.ts'
import {
  freshKey,
  type JournalKey,
  type JournalKeys,
  writeKeyFile,
} from '../../record/checkpoint/key-file.ts'
import { rotateKey as rotated } from '../../record/checkpoint/keys-rotate.ts'
import { privateSigner, type RemoteKey, remoteKey } from '../../record/checkpoint/keys-signer.ts'
import { writeSuccessions } from '../../record/checkpoint/keys-succession.ts'
import type { CheckpointSigner } from '../../record/checkpoint/signer.ts'
import { replaceFile } from '../../record/files.ts'
import type { JournalSource } from '../../record/read.ts'
import { printable } from '../../record/shell.ts'
import { keyFilePath, ownKeyFile, successionsPath } from './journal-keys.ts'
import { explain, openSource } from './open.ts'
import { readOptions } from './options.ts'
import type { RotatePorts, SessionsPorts } from './ports.ts'

const USAGE = `usage: sallyport sessions rotate-key [--unsigned] [--config FILE | --data FOLDER]

  The journal's checkpoints are signed with a new key from the next one on: one in the data folder, or the one in KMS that
  the configuration names now. The old key signs the new one, so that whoever holds the old public key can follow. Gates
  that run need no restart, unless the configuration has changed.

  --unsigned  the old key cannot be had any more: the new public key has to be handed out by a way that is trusted
`

export type RotateCommandPorts = Pick<
  SessionsPorts,
  'files' | 'dataFolder' | 'contentKeys' | 'out' | 'err' | 'rotate'
>

/** `sallyport sessions rotate-key`. Exit code 0: a new key signs; 1: it does not; 2: wrong usage. */
export async function rotateKey(args: readonly string[], ports: RotateCommandPorts): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    await ports.out(USAGE)
    return 0
  }
  const options = readOptions(args, { unsigned: 'flag' })
  const wrong =
    typeof options === 'string' ? options : options.words.length > 0 ? 'it takes no word' : undefined
  if (typeof options === 'string' || wrong !== undefined || ports.rotate === undefined) {
    ports.err(`sallyport: ${printable(wrong ?? 'keys cannot be rotated here')}\n\n${USAGE}`)
    return 2
  }
  const { place, flags } = options
  const rotatePorts = ports.rotate
  try {
    const source = await openSource(place, ports)
    const isWithoutConfig = place.data !== undefined
    const configured = isWithoutConfig ? undefined : await rotatePorts.configured(place.config)
    const how = { configured, isWithoutConfig, isUnsigned: flags.has('unsigned') }
    const { from, to } = await locked(source, () => rotate(source, rotatePorts, how))
    await ports.out(`the key ${to} signs from the next checkpoint on, in place of ${from}\n`)
    return 0
  } catch (error) {
    ports.err(`sallyport: ${explain(error)}\n`)
    return 1
  }
}

/** How a key is rotated. */
interface How {
  /** The key in KMS that the configuration names. */
  readonly configured: RemoteKey | undefined
  /** There is no configuration. */
  readonly isWithoutConfig: boolean
  readonly isUnsigned: boolean
}

async function rotate(
  source: JournalSource,
  ports: RotatePorts,
  { configured, isWithoutConfig, isUnsigned }: How,
): Promise<{ readonly from: string; readonly to: string }> {
  const before = await ownKeyFile(source)
  const current = before?.keys.at(-1)
  if (before === undefined || current === undefined) {
    throw new GateError(
      'journal-key-unusable',
      'the data folder has no `keys/journal.json`: a gate makes it when it starts',
    )
  }
  if (isWithoutConfig && current.kms !== undefined) {
    throw new GateError(
      'journal-key-unusable',
      'a key in KMS signs: give --config, which says what signs from now on',
    )
  }
  const next =
    configured === undefined
      ? freshKey(ports)
      : remoteKey(await configured.open(), configured.kms, ports.clock.now())
  const old = isUnsigned ? undefined : await signerOf(current, ports)
  const after = await rotated(before, next, old, ports.clock)
  await write(source, after)
  return { from: current.id, to: next.id }
}

async function signerOf(
  { id, publicKey, privateKey, kms }: JournalKey,
  ports: RotatePorts,
): Promise<CheckpointSigner> {
  if (privateKey !== undefined) return privateSigner(id, publicKey, privateKey)
  if (kms !== undefined) return ports.remote(kms).open()
  throw new GateError('journal-key-unusable', `the key \`${id}\` has no private part any more`)
}

/**
 * First what is public: where this ends between the two, a key is vouched for that nobody has, and the next rotation
 * writes the list anew.
 */
async function write(source: JournalSource, keys: JournalKeys): Promise<void> {
  await replace(source, successionsPath(source), writeSuccessions(keys.successions))
  await replace(source, keyFilePath(source), writeKeyFile(keys))
}

async function replace({ files }: JournalSource, path: string, text: string): Promise<void> {
  const file = await replaceFile(files, dirname(path), path, Buffer.from(text))
  await file.close()
}

/** Two at once would have one key followed by two. */
async function locked<T>({ files, folder }: JournalSource, run: () => Promise<T>): Promise<T> {
  const lock = await files.lock(join(dirname(folder), 'keys', 'journal.lock'))
  if (lock === undefined) throw new GateError('journal-locked', 'the key is being rotated by another process')
  try {
    return await run()
  } finally {
    lock.release()
  }
}
