import { execute, which } from '../test/harness/process.ts'

/** Programs of the operating system that the benchmarks measure with and against. */
export interface Tools {
  readonly wrk: boolean
  /** Where nginx is. */
  readonly nginx: string | undefined
}

/** Finds wrk and nginx; installs what is missing where this process may (Debian, as root). */
export async function findTools(): Promise<Tools> {
  const missing = [...(which('wrk') ? [] : ['wrk']), ...(nginxPath() ? [] : ['nginx-light'])]
  if (missing.length > 0 && process.getuid?.() === 0 && which('apt-get') !== undefined) {
    await execute('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing])
  }
  return { wrk: which('wrk') !== undefined, nginx: nginxPath() }
}

/** Debian keeps it where the path of a user does not lead. */
function nginxPath(): string | undefined {
  return which('nginx') ?? which('../../usr/sbin/nginx') ?? which('/usr/sbin/nginx')
}
