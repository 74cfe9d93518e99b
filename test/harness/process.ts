import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The root of the checkout. */
export const ROOT: string = fileURLToPath(new URL('../..', import.meta.url))

/** A server of a test, its output kept for when something goes wrong. */
export interface Running {
  readonly child: ChildProcess
  /** Everything that it has printed so far. */
  output(): string
  /** Resolves with the first match in its output; rejects when it ends before. */
  printed(pattern: RegExp): Promise<RegExpMatchArray>
  stop(signal?: NodeJS.Signals): Promise<void>
}

export function start(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Running {
  const child = spawn(command, [...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  const collect = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-200_000)
    child.emit('printed')
  }
  child.stdout.on('data', collect)
  child.stderr.on('data', collect)
  const ended = once(child, 'exit')
  // A test process that ends early takes its servers along.
  const reap = (): void => void child.kill('SIGKILL')
  process.once('exit', reap)
  return {
    child,
    output: () => output,
    async printed(pattern) {
      for (;;) {
        const match = output.match(pattern)
        if (match) return match
        const gone = await Promise.race([once(child, 'printed').then(() => false), ended.then(() => true)])
        if (gone) throw new Error(`${command} ended before it printed ${pattern}:\n${output}`)
      }
    },
    async stop(signal = 'SIGTERM') {
      process.off('exit', reap)
      if (child.exitCode === null && child.signalCode === null) child.kill(signal)
      await ended
    },
  }
}

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command to its end. */
export async function execute(
  command: string,
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; cwd?: string; input?: string } = {},
): Promise<Finished> {
  const child = spawn(command, [...args], {
    env: options.env ?? process.env,
    cwd: options.cwd,
    stdio: 'pipe',
  })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', chunk => stdout.push(chunk))
  child.stderr.on('data', chunk => stderr.push(chunk))
  child.stdin.on('error', () => child.stdin.destroy())
  child.stdin.end(options.input ?? '')
  const [code] = await once(child, 'close')
  return { code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }
}

/** Where a command is: in .venv, else on the path; undefined when it is not there. */
export function which(command: string): string | undefined {
  const folders = [join(ROOT, '.venv/bin'), ...(process.env.PATH ?? '').split(delimiter)]
  return folders.map(folder => join(folder, command)).find(file => existsSync(file))
}

/** The Python that has moto and boto3. */
export function python(): string {
  return which('python3') ?? 'python3'
}

/**
 * A Python that has a package: the machine's, else the one that `tools/setup/sql-python.sh` made; or what
 * SALLYPORT_TEST_PYTHON names. Undefined when none has.
 */
export async function pythonWith(name: string): Promise<string | undefined> {
  const made = join(ROOT, '.build/python/bin/python3')
  for (const each of [process.env['SALLYPORT_TEST_PYTHON'], which('python3'), made]) {
    if (each === undefined || !existsSync(each)) continue
    const { code } = await execute(each, ['-c', `import ${name}`])
    if (code === 0) return each
  }
  return undefined
}

/** The environment without anything that would lead an AWS client elsewhere. */
export function cleanEnv(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {}
  for (const [name, value] of Object.entries(process.env)) {
    if (!/^AWS_/.test(name) && !/^https?_proxy$/i.test(name)) env[name] = value
  }
  return {
    ...env,
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    ...extra,
  }
}
