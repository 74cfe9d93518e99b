import { GateError } from '../core/errors.ts'

/** `journal-unavailable`, with its reason in prose. */
export function unavailable(reason: string, cause?: unknown): GateError {
  return new GateError('journal-unavailable', `the journal cannot be written: ${reason}`, { cause })
}

/** Public prose for a failure: the code of one of the file system's, and no path. */
export function describe(error: unknown): string {
  // Its own message names a place that is nothing to clients.
  if (error instanceof GateError && error.code === 'master-key-unavailable')
    return 'the master key cannot be used'
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined
  if (code === 'ENOSPC' || code === 'EDQUOT') return `no space is left on the data volume (\`${code}\`)`
  return code === undefined ? 'a write failed' : `a write failed with \`${code}\``
}
