/** Writes docs/errors.md from src/core/codes.ts: `node tools/errors-doc.ts`. */
import { writeFileSync } from 'node:fs'
import { ERROR_CODES, type ErrorParty } from '../src/core/codes.ts'

const PARTIES: Readonly<Record<ErrorParty, string>> = {
  client: 'the caller',
  operator: 'the operator of the gate',
  upstream: 'the far side; it may pass',
  gate: 'the gate itself',
}

/** The page of every error that the gate can raise. */
export function errorsPage(): string {
  const rows = Object.entries(ERROR_CODES)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([code, { party, status, advice }]) =>
        `| \`${code}\` | ${status} | ${PARTIES[party]} | ${advice.replaceAll('|', '\\|')} |`,
    )
  return `# Errors

Made from \`src/core/codes.ts\` by \`node tools/errors-doc.ts\`. Codes are stable. A client sees them in its own
protocol: \`AccessDenied\` or the like for what was decided, and the code with the message for everything else.
The event id that comes with an error leads to the recording: \`sallyport sessions show ID\`.

| code | status | who has to act | what to do |
| --- | --- | --- | --- |
${rows.join('\n')}
`
}

if (import.meta.main) writeFileSync(new URL('../docs/errors.md', import.meta.url), errorsPage())
