import { join } from 'node:path'
import type { Config } from '../config/model.ts'
import { systemClock, systemRandom } from '../core/clock.ts'
import type { Redacted } from '../core/redacted.ts'
import { AdminToken } from '../identity/admin-token.ts'
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

/** The local administrator's token; `fresh` where this made it. */
export function openAdminToken(config: Config): AdminToken {
  return new AdminToken({
    path: join(config.data, 'keys', 'admin-token.json'),
    files: secretFiles,
    clock: systemClock,
    random: systemRandom,
  })
}

/** Makes another one, in the place of any that there is. */
export function newAdminToken(config: Config): Redacted {
  const token = openAdminToken(config)
  return token.fresh ?? token.rotate()
}
