import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** A program of a test that answers each line of its input with one line of JSON. */
export interface LineProgram {
  /** Rejects where the program ends first. One at a time. */
  ask(line: string): Promise<Record<string, string>>
  stop(): Promise<void>
}

export function startLines(
  command: readonly [command: string, ...args: string[]],
  options: { readonly env: NodeJS.ProcessEnv; readonly cwd?: string },
): LineProgram {
  const [file, ...args] = command
  const child = spawn(file, args, { ...options, stdio: ['pipe', 'pipe', 'pipe'] })
  let errors = ''
  child.stderr.on('data', chunk => {
    errors = (errors + chunk).slice(-20_000)
  })
  child.stdin.on('error', () => child.stdin.destroy())
  const ended = once(child, 'close')
  // A test process that ends early takes its programs along.
  const reap = (): void => void child.kill('SIGKILL')
  process.once('exit', reap)
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    async ask(line) {
      child.stdin.write(`${line}\n`)
      for (;;) {
        const { value, done } = await answers.next()
        if (done) throw new Error(`${file} ended before it answered: ${errors}`)
        // Maven puts colours before the first line.
        const json = value.indexOf('{')
        if (json >= 0) return JSON.parse(value.slice(json)) as Record<string, string>
      }
    },
    async stop() {
      child.stdin.end()
      await ended
      process.off('exit', reap)
    },
  }
}
