import { GateError } from '../core/errors.ts'

/**
 * The one error that users of the store see when the database fails. Its message has a code at most
 * (`SQLITE 13`, `ECONNREFUSED`, a SQLSTATE): the database's own text may quote rows, and stays the private
 * cause.
 */
export function asStoreError(error: unknown): GateError {
  if (error instanceof GateError) return error
  const code = codeOf(error)
  const why = code === '' ? '' : ` (\`${code}\`)`
  return new GateError('store-unavailable', `the store of access requests could not be used${why}`, {
    cause: error,
  })
}

/** A row that is not what this code writes. `where` is a table and a key. */
export function damaged(where: string, why: string): GateError {
  return new GateError('store-damaged', `the store cannot be trusted at \`${where}\`: ${why}`)
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  if ('errcode' in error && typeof error.errcode === 'number') return `SQLITE ${error.errcode}`
  if ('code' in error && typeof error.code === 'string') return error.code
  // Node's happy eyeballs: every address failed, each for its own reason.
  const inner: unknown = error instanceof AggregateError ? error.errors[0] : error.cause
  return inner === undefined ? '' : codeOf(inner)
}
