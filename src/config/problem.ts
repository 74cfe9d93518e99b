/** Something that is wrong with a file that an operator wrote. */
export interface Problem {
  /** `error`: the gate does not start; `warning`: it starts. */
  readonly severity: 'error' | 'warning'
  /** Absolute path. */
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1, in UTF-16 units. */
  readonly column: number
  /** Lower case, no full stop; what was found and what is accepted. */
  readonly message: string
}

/** `sallyport.yaml:3:9: error: ...`, the form that editors and CI systems make links of. */
export function formatProblem(problem: Problem): string {
  const { file, line, column, severity, message } = problem
  return `${file}:${line}:${column}: ${severity}: ${message}`
}

/** The order in which a reader meets them. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  const rank = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
  return [...problems].sort(
    (a, b) => rank(a.file, b.file) || a.line - b.line || a.column - b.column || rank(a.message, b.message),
  )
}

/** Input as it may stand in a message: in backticks, cut, without what a terminal would obey. */
export function quote(text: string): string {
  const cut = text.length > 100 ? `${text.slice(0, 99)}…` : text
  return `\`${cut.replace(/[\u0000-\u001f\u007f-\u009f`]/g, '?')}\``
}
