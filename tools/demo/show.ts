import type { execute } from '../../test/harness/process.ts'

export const bold = (text: string): string =>
  process.stdout.isTTY && !process.env['NO_COLOR'] ? `\x1b[1m${text}\x1b[0m` : text

export function chapter(text: string): void {
  console.log(`\n${bold(text)}\n`)
}

/** What is shown of a step: why it is done, what was typed, and the end of what came back. */
export function showStep(why: string, typed: string, output: string, lines = 6): void {
  console.log(`${bold(`# ${why}`)}\n$ ${typed}`)
  for (const line of lastLines(output, lines)) console.log(`  ${line}`)
}

/** Tells of a step that did not go as it should; the number of surprises, for the sum. */
export function surprise(asItShould: boolean, shouldPass: boolean, errors: string): number {
  if (asItShould) return 0
  console.log(`  (this should have ${shouldPass ? 'passed' : 'been blocked'})\n${errors}`)
  return 1
}

/** Prints a command's output; 1 when it failed, else 0. */
export async function print(finished: ReturnType<typeof execute>): Promise<number> {
  const { code, stdout, stderr } = await finished
  process.stdout.write(stdout)
  process.stderr.write(stderr)
  return code === 0 ? 0 : 1
}

function lastLines(text: string, count: number): string[] {
  return text
    .trimEnd()
    .split('\n')
    .filter(line => line !== '')
    .slice(-count)
}
