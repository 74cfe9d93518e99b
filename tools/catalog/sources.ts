import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { BotoService } from './model.ts'

/** The version of botocore that the catalog is made from; another one is refused. */
export const BOTOCORE_VERSION = '1.43.11'

/** Why the catalog cannot be made here, and what to install. */
export class SourceError extends Error {}

/**
 * Finds botocore's folder: the given one, else where Python has it.
 *
 * @returns undefined where there is none
 * @throws SourceError where it has another version than `BOTOCORE_VERSION`
 */
export function findBotocore(given: string | undefined): string | undefined {
  const folder = given ?? askPython()
  if (folder === undefined) return undefined
  const initPath = join(folder, '__init__.py')
  if (!existsSync(initPath)) throw new SourceError(`\`${folder}\` is no folder of botocore`)
  const version = /^__version__ = '([^']{1,32})'/m.exec(readFileSync(initPath, 'utf8'))?.[1]
  if (version !== BOTOCORE_VERSION) {
    throw new SourceError(
      `botocore is ${version ?? 'of no known version'}, but the catalog is made from ${BOTOCORE_VERSION}: ` +
        `run \`pip install botocore==${BOTOCORE_VERSION}\`, or name its folder with --botocore`,
    )
  }
  return folder
}

function askPython(): string | undefined {
  try {
    const code = 'import botocore, os; print(os.path.dirname(botocore.__file__))'
    return execFileSync('python3', ['-c', code], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return undefined
  }
}

/** botocore's JSON files, read once. */
export class Botocore {
  readonly #data: string

  constructor(folder: string) {
    this.#data = join(folder, 'data')
  }

  /** Names of the services' folders, sorted. */
  get services(): readonly string[] {
    return readdirSync(this.#data, { withFileTypes: true })
      .filter(entry => entry.isDirectory())
      .map(entry => entry.name)
      .sort()
  }

  service(id: string): BotoService {
    return { ...(this.#json(id, this.#version(id), 'service-2.json') as Omit<BotoService, 'id'>), id }
  }

  ruleset(id: string): unknown {
    return this.#json(id, this.#version(id), 'endpoint-rule-set-1.json')
  }

  /** A file directly in `data/`: `partitions.json`. */
  file(name: string): unknown {
    return this.#json(name)
  }

  /** The newest version; their names are dates. */
  #version(id: string): string {
    const version = readdirSync(join(this.#data, id)).sort().at(-1)
    if (version === undefined) throw new SourceError(`botocore has no version of \`${id}\``)
    return version
  }

  #json(...parts: readonly string[]): unknown {
    const path = join(this.#data, ...parts)
    const text = existsSync(path) ? readFileSync(path) : gunzipSync(readFileSync(`${path}.gz`))
    return JSON.parse(text.toString('utf8'))
  }
}
