import { join } from 'node:path'
import type { Config } from '../config/model.ts'
import { systemClock, systemRandom } from '../core/clock.ts'
import { secretFiles } from '../identity/secret-files.ts'
import type { KmsKey } from '../record/checkpoint/key-file.ts'
import { openFileSigner, openRemoteSigner, type RemoteKey } from '../record/checkpoint/keys-signer.ts'
import type { CheckpointSigner } from '../record/checkpoint/signer.ts'

/** Who signs the checkpoints of all lanes: the key in the data folder, or the one in KMS that the configuration names. */
export async function openJournalSigner({ data, record }: Config): Promise<CheckpointSigner> {
  const { kms } = record.checkpoints
  const options = {
    path: join(data, 'keys', 'journal.json'),
    files: secretFiles,
    clock: systemClock,
    random: systemRandom,
  }
  return kms === undefined ? openFileSigner(options) : openRemoteSigner(options, kmsKey(kms))
}

/** A key in KMS; the SDK is loaded when it is asked for. */
export function kmsKey(kms: KmsKey): RemoteKey {
  return {
    kms,
    async open() {
      const { openKmsSigner } = await import('../archive/kms-signer.ts')
      return openKmsSigner(kms)
    },
  }
}
