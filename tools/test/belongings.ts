import { chmodSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What a run of tests has on the machine: a folder for temporary files, and processes. */
export interface Belongings {
  /** To be the `TMPDIR` of every test. */
  readonly folder: string
  /** Takes away what is left, once, and says what that was: nothing, where each test has put away its own. */
  clear(): readonly string[]
}

export function newBelongings(): Belongings {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-tests-'))
  // Servers that refuse to run as root run as somebody else: they must get to their own folders in it.
  chmodSync(folder, 0o711)
  let isCleared = false
  return {
    folder,
    clear() {
      if (isCleared) return []
      isCleared = true
      const left = [...processesOf(folder)].map(([pid, command]) => {
        end(pid)
        return `process ${pid}: ${command}`
      })
      const names = readdirSync(folder)
      rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
      return [...left, ...names.map(name => `folder ${name}`)]
    },
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    // It has ended meanwhile.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

/** Those that run in the folder, or were told that it is theirs; where the system lets them be seen. */
function processesOf(folder: string): ReadonlyMap<number, string> {
  const found = new Map<number, string>()
  for (const pid of processes()) {
    const home = `/proc/${pid}`
    const isOurs =
      read(() => readlinkSync(`${home}/cwd`)).startsWith(folder) ||
      read(() => readFileSync(`${home}/environ`, 'latin1'))
        .split('\0')
        .includes(`TMPDIR=${folder}`)
    if (!isOurs || pid === process.pid) continue
    const command = read(() => readFileSync(`${home}/cmdline`, 'latin1'))
    found.set(pid, command.replaceAll('\0', ' ').trim().slice(0, 200))
  }
  return found
}

function processes(): number[] {
  const names = read(() => readdirSync('/proc').join(' ')).split(' ')
  return names.map(Number).filter(pid => Number.isInteger(pid) && pid > 1)
}

/** Processes end while they are looked at, and those of others are closed to us. */
function read(look: () => string): string {
  try {
    return look()
  } catch {
    return ''
  }
}
