import { ERROR_CODES } from '../../src/core/codes.ts'
import type { Finding } from './finding.ts'
import { isTest } from './imports.ts'
import type { SourceFile } from './source.ts'

const TABLE = 'src/core/codes.ts'

/** Every code is raised somewhere; one that nobody raises only puzzles those who read the list. */
export function checkCodes(
  files: readonly SourceFile[],
  codes: readonly string[] = Object.keys(ERROR_CODES),
): Finding[] {
  const code = files.filter(({ path }) => path.startsWith('src/') && path !== TABLE && !isTest(path))
  return codes
    .filter(name => !code.some(({ text }) => text.includes(`'${name}'`)))
    .map(name => ({ file: TABLE, message: `the code \`${name}\` is raised nowhere` }))
}
