import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { lookupTrail } from '../archive/trail/lookup.ts'
import { reconcile as runReconcile } from '../cli/reconcile.ts'
import { loadConfig } from '../config/load.ts'
import { systemClock } from '../core/clock.ts'
import { nodeFiles } from '../record/node-files.ts'
import { configPorts } from './config-ports.ts'
import { openContentKeys } from './content-keys.ts'
import { trailFiles } from './trail-files.ts'

/** `sallyport reconcile`, on this process's own terminal. */
export function reconcile(args: readonly string[]): Promise<number> {
  return runReconcile(args, {
    files: nodeFiles,
    async gate(configPath) {
      const config = loadConfig(configPath, await configPorts())
      const { data, roles } = config
      // Where nothing is assumed, the gate's own credentials make the calls, and their role is not known here.
      return {
        data,
        keys: await openContentKeys(config),
        roles: roles.flatMap(({ arn, upstream }) => (upstream.assume ? [upstream.role] : [arn])),
      }
    },
    trailFiles,
    lookup: (place, span) =>
      lookupTrail(place, span, async delayMs => {
        await setTimeout(delayMs)
      }),
    region: process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'],
    now: () => systemClock.now(),
    async out(text) {
      if (!process.stdout.write(text)) await once(process.stdout, 'drain')
    },
    err: text => void process.stderr.write(text),
    colored: process.stdout.isTTY === true && !process.env['NO_COLOR'],
  })
}
