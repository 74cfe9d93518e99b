import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { GateError } from '../../core/errors.ts'
import { laneName } from '../../record/segment.ts'
import type { UploadPorts } from './ports.ts'

/** A segment of 4 GiB takes minutes; what takes longer than this hangs. */
const LONGEST_MS: number = 60 * 60_000
/** Of what a command that failed has said, for the private cause. */
const SAID_BYTES = 2048

/**
 * Writes Parquet by `sallyport sessions export` in a process of its own: what does it is native code, and a fault in it
 * must not end the gate. `command`: how this program is started, `[process.execPath, 'src/main.ts']`. The port rejects
 * with `parquet-unwritten`.
 */
export function parquetCommand(
  command: readonly [string, ...string[]],
  configPath: string,
): NonNullable<UploadPorts['writeParquet']> {
  const [program, ...first] = command
  return async ({ lane, segment }, target, signal) => {
    const place = `${laneName(lane)}/${segment}`
    const what = ['--format', 'parquet', '--segment', place, '--out', target, '--config', configPath]
    const limits = AbortSignal.any([signal, AbortSignal.timeout(LONGEST_MS)])
    const child = spawn(program, [...first, 'sessions', 'export', ...what], {
      signal: limits,
      killSignal: 'SIGKILL',
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(0, SAID_BYTES)
    })
    const [code] = await once(child, 'close').catch(cause => {
      signal.throwIfAborted()
      throw unwritten(place, 'the command could not be run to its end', cause)
    })
    if (code !== 0) throw unwritten(place, `the command ended with ${code ?? 'a signal'}`, new Error(said))
  }
}

function unwritten(place: string, why: string, cause: unknown): GateError {
  return new GateError('parquet-unwritten', `the Parquet form of segment ${place} was not written: ${why}`, {
    cause,
  })
}
