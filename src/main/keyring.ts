import { join } from 'node:path'
import type { Config } from '../config/model.ts'
import { systemClock, systemRandom } from '../core/clock.ts'
import { Keyring } from '../identity/keyring.ts'
import { secretFiles } from '../identity/secret-files.ts'

/** Where the key that seals credentials lies. */
export function openKeyring(config: Config): Keyring {
  return new Keyring({
    clock: systemClock,
    random: systemRandom,
    path: join(config.data, 'keys', 'credentials.json'),
    files: secretFiles,
    maxSessionMs: Math.max(...config.roles.map(role => role.maxSessionMs)),
  })
}
