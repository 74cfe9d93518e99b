/** Something in the house that is not as it should be. */
export interface Finding {
  /** Relative to the repository. */
  readonly file: string
  readonly line?: number
  readonly message: string
}

export function formatFinding({ file, line, message }: Finding): string {
  return line === undefined ? `${file}: ${message}` : `${file}:${line}: ${message}`
}
