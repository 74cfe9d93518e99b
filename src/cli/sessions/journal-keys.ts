import { dirname, join } from 'node:path'
import { GateError } from '../../core/errors.ts'
import { MAX_KEY_FILE_LENGTH, publicKeysOf } from '../../record/checkpoint/key-file.ts'
import { type PublicKeys, readPublicKeys } from '../../record/checkpoint/signer.ts'
import { type JournalFiles, readFully } from '../../record/files.ts'
import type { JournalSource } from '../../record/read.ts'

/** Longest file of public keys, in bytes. */
const MAX_PUBLIC_BYTES = 64 * 1024

/** The text of a file; undefined where there is none. Of a longer one, its first `limitBytes` and one more. */
export async function readText(
  files: JournalFiles,
  path: string,
  limitBytes: number,
): Promise<string | undefined> {
  const file = await files.open(path, 'read')
  if (file === undefined) return undefined
  try {
    const bytes = Buffer.alloc(limitBytes + 1)
    return bytes.toString('utf8', 0, await readFully(file, bytes, 0))
  } finally {
    await file.close()
  }
}

/** The public keys in a file that `--key` names. Throws `journal-key-unusable`. */
export async function givenKeys(files: JournalFiles, path: string): Promise<PublicKeys> {
  const text = await readText(files, path, MAX_PUBLIC_BYTES)
  if (text === undefined) throw new GateError('journal-key-unusable', `there is no file \`${path}\``)
  return readPublicKeys(text)
}

/** The public keys of the gate's own key file; undefined where its data folder has none. */
export async function ownKeys(source: JournalSource): Promise<PublicKeys | undefined> {
  const path = join(dirname(source.folder), 'keys', 'journal.json')
  const text = await readText(source.files, path, MAX_KEY_FILE_LENGTH)
  return text === undefined ? undefined : publicKeysOf(path, text)
}
