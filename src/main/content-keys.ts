import { join } from 'node:path'
import type { Config } from '../config/model.ts'
import type { EncryptionConfig } from '../config/model-record.ts'
import { systemClock, systemRandom } from '../core/clock.ts'
import { secretFiles } from '../identity/secret-files.ts'
import { nodeFiles } from '../record/node-files.ts'
import { openIndexKey } from '../record/seal/index-key.ts'
import { openKeyFinder } from '../record/seal/key-finder.ts'
import { openLaneKeys } from '../record/seal/lane-keys.ts'
import { openFileMasterKey } from '../record/seal/master-file.ts'
import type { KeyFinder, MasterKey } from '../record/seal/ports.ts'
import type { SealPorts } from '../record/seal/sealer.ts'
import type { TenantKeyOptions } from '../record/seal/tenant-keys.ts'

/** What of the configuration says how content is kept. */
type Recorded = Pick<Config, 'data' | 'record'>

/** Whose content is what is done in no role of the configuration. */
const NOBODY = 'default'

/**
 * What a gate seals the events and bodies of a lane with, whose lock it has. Rejects with `master-key-unavailable`: no
 * key of a tenant can be opened later that is not opened now, where the master key is not there.
 */
export async function openSeal(
  config: Config,
  encryption: EncryptionConfig,
  lane: number,
): Promise<SealPorts> {
  const options = keyOptions(config, await openMasterKey(encryption, true))
  const tenants = new Map(config.roles.map(({ arn, tenant }) => [arn, tenant]))
  const keys = await openLaneKeys({ ...options, lane, tenants: [NOBODY, ...tenants.values()] })
  return { keys, tenantOf: roleArn => tenants.get(roleArn ?? '') ?? NOBODY }
}

/**
 * What commands open a recording with; undefined where nothing is sealed. The master key is looked for when something
 * is to be opened: what only verifies needs none. Finding rejects with `master-key-unavailable`.
 */
export async function openContentKeys(config: Recorded): Promise<KeyFinder | undefined> {
  const { encryption } = config.record
  return (
    encryption &&
    openKeyFinder(
      keyOptions(
        config,
        lazyMaster(() => openMasterKey(encryption, false)),
      ),
    )
  )
}

/** 32 bytes, for what is kept on the disk of opened events: the index. Undefined where nothing is sealed. */
export async function indexKey(config: Recorded): Promise<Buffer | undefined> {
  const { encryption } = config.record
  return encryption && openIndexKey(keyOptions(config, await openMasterKey(encryption, false)))
}

function lazyMaster(open: () => Promise<MasterKey>): MasterKey {
  let master: Promise<MasterKey> | undefined
  const opened = (): Promise<MasterKey> => {
    master ??= open()
    return master
  }
  return {
    id: 'not opened yet',
    wrap: async (key, context) => (await opened()).wrap(key, context),
    unwrap: async (wrapped, context) => (await opened()).unwrap(wrapped, context),
  }
}

function keyOptions(config: Recorded, master: MasterKey): TenantKeyOptions {
  const folder = join(config.data, 'journal')
  return { files: nodeFiles, folder, master, clock: systemClock, random: systemRandom }
}

async function openMasterKey(encryption: EncryptionConfig, make: boolean): Promise<MasterKey> {
  if (encryption.kind === 'kms') {
    const { openKmsMasterKey } = await import('../archive/kms-master-key.ts')
    return openKmsMasterKey(encryption.key)
  }
  const ports = { files: secretFiles, clock: systemClock, random: systemRandom }
  return openFileMasterKey({ path: encryption.path, make, ...ports })
}
