import { once } from 'node:events'
import { readFile, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { createInterface } from 'node:readline/promises'
import { setTimeout } from 'node:timers/promises'
import { type ApprovalsPorts, approvals as runApprovals } from '../cli/approvals.ts'
import { request as runRequest } from '../cli/request.ts'
import { kill as runKill } from '../cli/sessions/kill.ts'
import { loadConfig } from '../config/load.ts'
import type { Config } from '../config/model.ts'
import { systemClock } from '../core/clock.ts'

/** `sallyport approvals`, on this process's own terminal. */
export function approvals(args: readonly string[]): Promise<number> {
  return runApprovals(args, terminalPorts())
}

/** `sallyport request` */
export function request(args: readonly string[]): Promise<number> {
  return runRequest(args, terminalPorts())
}

/** `sallyport sessions kill` */
export function kill(args: readonly string[]): Promise<number> {
  return runKill(args, terminalPorts())
}

const MAX_TOKEN_BYTES = 65_536

function terminalPorts(): ApprovalsPorts {
  // Whoever pipes into `head` has seen enough.
  process.stdout.once('error', error => {
    process.exit('code' in error && error.code === 'EPIPE' ? 0 : 1)
  })
  const stop = new AbortController()
  // The first ends what waits and lets the command end; a second one ends the process, as ever.
  process.once('SIGINT', () => stop.abort())
  return {
    fetch: (url, init) => fetch(url, init),
    clock: systemClock,
    environment: process.env,
    readFile: readSmallFile,
    home: homedir(),
    async adminUrl(configPath) {
      const { configPorts } = await import('./config-ports.ts')
      return adminUrl(loadConfig(configPath, await configPorts()))
    },
    ask: process.stdin.isTTY === true && process.stderr.isTTY === true ? ask : undefined,
    async out(text) {
      if (!process.stdout.write(text)) await once(process.stdout, 'drain')
    },
    err: text => void process.stderr.write(text),
    colored: process.stdout.isTTY === true && !process.env['NO_COLOR'],
    sleep: delayMs => sleep(delayMs, stop.signal),
    stopped: stop.signal,
  }
}

/** Where a gate with this configuration is reached from its own machine. */
export function adminUrl({ admin, approvals: { url }, tls }: Config): string {
  if (url !== undefined) return url
  const anywhere = admin.host === '0.0.0.0' || admin.host === '::'
  const host = anywhere ? 'localhost' : admin.host.includes(':') ? `[${admin.host}]` : admin.host
  return `${tls === undefined ? 'http' : 'https'}://${host}:${admin.port}`
}

async function readSmallFile(path: string): Promise<string> {
  const { size } = await stat(path)
  if (size > MAX_TOKEN_BYTES) throw Object.assign(new Error('the file is too large'), { code: 'EFBIG' })
  return readFile(path, 'utf8')
}

/** On the error stream: what is asked does not belong into the output. Ctrl-C and Ctrl-D are no answer. */
async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return await terminal.question(question)
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'AbortError') throw error
    process.stderr.write('\n')
    return ''
  } finally {
    terminal.close()
  }
}

async function sleep(delayMs: number, signal: AbortSignal): Promise<void> {
  try {
    await setTimeout(delayMs, undefined, { signal })
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
