import { once } from 'node:events'
import { userInfo } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { loadCatalog } from '../catalog/load.ts'
import type { Catalog } from '../catalog/model.ts'
import { sessions as runSessions } from '../cli/sessions.ts'
import { loadConfig } from '../config/load.ts'
import { systemClock, systemRandom } from '../core/clock.ts'
import { newId } from '../core/id.ts'
import { nodeFiles } from '../record/node-files.ts'
import { apiFacts } from './api-facts.ts'
import { openContentKeys } from './content-keys.ts'
import { kmsKey } from './journal-signer.ts'
import { processTerminal } from './terminal.ts'

/** `sallyport sessions`, on this process's own terminal. */
export async function sessions(args: readonly string[]): Promise<number> {
  // It calls a gate, and reads no journal.
  if (args[0] === 'kill') return (await import('./offline-approvals.ts')).kill(args.slice(1))
  // Whoever pipes into `head` has seen enough.
  process.stdout.once('error', error => {
    process.exit('code' in error && error.code === 'EPIPE' ? 0 : 1)
  })
  let catalog: Catalog | undefined
  return runSessions(args, {
    files: nodeFiles,
    async dataFolder(configPath) {
      const { configPorts } = await import('./config-ports.ts')
      return loadConfig(configPath, await configPorts()).data
    },
    async contentKeys(configPath) {
      const { configPorts } = await import('./config-ports.ts')
      return openContentKeys(loadConfig(configPath, await configPorts()))
    },
    async out(text) {
      if (!process.stdout.write(text)) await once(process.stdout, 'drain')
    },
    err: text => void process.stderr.write(text),
    colored: process.stdout.isTTY === true && !process.env['NO_COLOR'],
    sleep: async delayMs => {
      await setTimeout(delayMs)
    },
    terminal: processTerminal(),
    operator: {
      user: () => userInfo().username,
      newId: () => newId(systemClock, systemRandom),
      now: () => systemClock.now(),
    },
    index: {
      random: systemRandom,
      async key({ data, config }) {
        if (data !== undefined) return undefined
        const { configPorts } = await import('./config-ports.ts')
        const { indexKey } = await import('./content-keys.ts')
        return indexKey(loadConfig(config, await configPorts()))
      },
    },
    rotate: {
      clock: systemClock,
      random: systemRandom,
      remote: kmsKey,
      async configured(configPath) {
        const { configPorts } = await import('./config-ports.ts')
        const { kms } = loadConfig(configPath, await configPorts()).record.checkpoints
        return kms && kmsKey(kms)
      },
    },
    async parquet(source, lane, segment, path) {
      const { writeParquet } = await import('../archive/parquet/write.ts')
      return writeParquet(source, lane, segment, path)
    },
    facts: apiFacts(() => {
      catalog ??= loadCatalog()
      return catalog
    }),
  })
}
