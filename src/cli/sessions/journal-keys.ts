import { dirname, join } from 'node:path'
import { GateError } from '../../core/errors.ts'
import { type JournalKeys, MAX_KEY_FILE_LENGTH, parseKeyFile } from '../../record/checkpoint/key-file.ts'
import {
  followSuccessions,
  MAX_SUCCESSIONS_BYTES,
  readSuccessions,
  SUCCESSIONS_FILE,
  type Succession,
} from '../../record/checkpoint/keys-succession.ts'
import { checkpointsFolder } from '../../record/checkpoint/lane-file.ts'
import { byId, type PublicKeys, readPublicKeys } from '../../record/checkpoint/signer.ts'
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

/**
 * The public keys in the files that `--key` names, and those that took their place. Throws `journal-key-unusable`,
 * also where a succession is forged or out of order.
 */
export async function givenKeys(
  files: JournalFiles,
  paths: readonly string[],
  successions: readonly Succession[] = [],
): Promise<PublicKeys> {
  const given = new Map<string, PublicKeys extends ReadonlyMap<string, infer Key> ? Key : never>()
  for (const path of paths) {
    const text = await readText(files, path, MAX_PUBLIC_BYTES)
    if (text === undefined) throw new GateError('journal-key-unusable', `there is no file \`${path}\``)
    for (const [id, key] of readPublicKeys(text)) given.set(id, key)
  }
  return followSuccessions(given, successions)
}

/** `data/keys/journal.json` of the journal's data folder. */
export function keyFilePath(source: JournalSource): string {
  return join(dirname(source.folder), 'keys', 'journal.json')
}

/** The gate's own key file; undefined where its data folder has none. Throws `journal-key-unusable`. */
export async function ownKeyFile(source: JournalSource): Promise<JournalKeys | undefined> {
  const path = keyFilePath(source)
  const text = await readText(source.files, path, MAX_KEY_FILE_LENGTH)
  return text === undefined ? undefined : parseKeyFile(path, text)
}

/** The public keys of the gate's own key file, whose successions hold; undefined where its data folder has none. */
export async function ownKeys(source: JournalSource): Promise<PublicKeys | undefined> {
  const own = await ownKeyFile(source)
  return own && followSuccessions(byId(own.keys.map(({ publicKey }) => publicKey)), own.successions)
}

/** Where the journal has its successions, for whoever has no key file. */
export function successionsPath(source: JournalSource): string {
  return join(checkpointsFolder(source.folder), SUCCESSIONS_FILE)
}

/** The successions at a path; none where there is no such file. Their signatures are not checked. */
export async function successionsAt(files: JournalFiles, path: string): Promise<readonly Succession[]> {
  return readSuccessions((await readText(files, path, MAX_SUCCESSIONS_BYTES)) ?? '')
}
