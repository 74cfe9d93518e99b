import type { Finding } from './finding.ts'
import { isTest, type Read } from './imports.ts'
import type { SourceFile } from './source.ts'
import { LONG_TABLES, MAX_FILE_LINES, MAX_FUNCTION_LINES, WORDS } from './table.ts'

/** Files and functions stay short; tests may be as long as what they test needs. */
export function checkSizes(files: readonly SourceFile[], read: Read): Finding[] {
  const findings: Finding[] = []
  for (const { path, text } of files) {
    if (isTest(path) || !path.startsWith('src/')) continue
    const lines = text.split('\n').length - 1
    if (lines > MAX_FILE_LINES && !LONG_TABLES.has(path)) {
      findings.push({ file: path, message: `has ${lines} lines; ${MAX_FILE_LINES} is the most` })
    }
    for (const { line, lines } of read.get(path)?.functions ?? []) {
      if (lines <= MAX_FUNCTION_LINES) continue
      findings.push({
        file: path,
        line,
        message: `this function has ${lines} lines; ${MAX_FUNCTION_LINES} is the most`,
      })
    }
  }
  return findings
}

/** What is exported is called by the words of the glossary. */
export function checkWords(read: Read): Finding[] {
  const findings: Finding[] = []
  for (const [file, { exports }] of read) {
    if (!file.startsWith('src/') || isTest(file)) continue
    for (const { name, line } of exports) {
      const parts = name.split(/(?=[A-Z])|_/).map(part => part.toLowerCase())
      const word = parts.find(part => WORDS.has(part))
      if (word === undefined) continue
      findings.push({
        file,
        line,
        message: `\`${name}\`: the glossary's word for \`${word}\` is ${WORDS.get(word)}`,
      })
    }
  }
  return findings
}
