import { GateError } from '../core/errors.ts'

/** A place in a policy document; both count from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** A text of a policy document, with its place. */
export interface Located {
  readonly text: string
  readonly at: Position
}

/** What a problem is about; stable, for `--json` and for tests. */
export type ProblemKind =
  | 'syntax'
  | 'limit'
  | 'structure'
  | 'value'
  | 'key'
  | 'unknown-action'
  | 'unknown-service'
  | 'never-matches'
  | 'shadowed'
  | 'unclear'

/** Something wrong with a policy document. An `error` keeps it from being loaded. */
export interface Problem {
  readonly severity: 'error' | 'warning'
  readonly kind: ProblemKind
  /** Name of the document: its file. */
  readonly policy: string
  readonly at: Position
  /** Lower case, without a full stop, input in backticks. */
  readonly message: string
}

/** `file:line:column: message`, as compilers write it, so that editors can jump there. */
export function formatProblem(problem: Problem): string {
  const { policy, at, severity, message } = problem
  return `${policy}:${at.line}:${at.column}: ${severity}: ${message}`
}

/** The error for a document that cannot be loaded. Names the first ten problems. */
export function policyError(problems: readonly Problem[]): GateError {
  const errors = problems.filter(problem => problem.severity === 'error')
  const shown = errors
    .slice(0, 10)
    .map(({ policy, at, message }) => `${policy}:${at.line}:${at.column}: ${message}`)
  if (errors.length > shown.length) shown.push(`and ${errors.length - shown.length} more`)
  return new GateError('policy-invalid', shown.join('\n'))
}

/** The input as it may stand in a message: cut, and without what a terminal would obey. */
export function quote(text: string): string {
  const cut = text.length > 80 ? `${text.slice(0, 77)}...` : text
  return `\`${visible(cut).replaceAll('`', '?')}\``
}

/** Control characters, and those that turn the direction of what follows. */
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** A text on one line, without what a terminal would obey: a recorded call may have been made to be shown. */
export function visible(text: string): string {
  return text.replace(HIDDEN, '?')
}

/** `a`, `a or b`, `a, b or c`: accepted values, each in backticks. */
export function oneOf(values: readonly string[]): string {
  const quoted = values.map(value => `\`${value}\``)
  const last = quoted.at(-1) ?? ''
  return quoted.length < 2 ? last : `${quoted.slice(0, -1).join(', ')} or ${last}`
}
