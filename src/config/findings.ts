import { dirname, resolve } from 'node:path'
import { MAX_FILE_BYTES } from './defaults.ts'
import { type FilePort, type FoundFile, whyUnreadable } from './files.ts'
import type { PolicyText } from './model.ts'
import type { Problem } from './problem.ts'
import type { Path, Source } from './source.ts'
import { writePath } from './validate.ts'

/** What a policy document is for; each kind has rules of its own. */
export type PolicyKind = 'policy' | 'trust' | 'boundary' | 'control'

/** What of the configuration a policy relies on. */
export interface Surroundings {
  /** The user's own detectors. */
  readonly detectors: ReadonlyMap<string, string>
  /** Names of the issuers that vouch for people. */
  readonly peopleIssuers: readonly string[]
}

/** What the configuration takes from outside. */
export interface ConfigPorts {
  readonly files: FilePort
  /** Parses and compiles a document; its problems are reported with the configuration's own. */
  readonly checkPolicy: (
    document: PolicyText,
    kind: PolicyKind,
    surroundings: Surroundings,
  ) => readonly Problem[]
  /** What is wrong with the user's own detectors, in prose. */
  readonly checkDetectors: (detectors: ReadonlyMap<string, string>) => string | undefined
  /** What is wrong with the authorities of certificates that clients of databases come with, PEM; in prose. */
  readonly checkClientAuthorities: (pem: string) => string | undefined
  /** The value of an environment variable. */
  readonly environment: (name: string) => string | undefined
  /** Ids of the catalog's services, for the keys of `aws.endpoint`; absent: not checked. */
  readonly services?: { has(id: string): boolean; keys(): Iterable<string> }
}

/** The configuration under examination: its document, what was found wrong, and the files it names. */
export class Findings {
  readonly source: Source
  readonly ports: ConfigPorts
  readonly problems: Problem[] = []
  readonly surroundings: Surroundings
  readonly #checked = new Set<string>()

  constructor(source: Source, ports: ConfigPorts, surroundings: Surroundings) {
    this.source = source
    this.ports = ports
    this.surroundings = surroundings
  }

  error(path: Path, message: string): void {
    this.problems.push({ severity: 'error', file: this.source.file, ...this.source.at(path), message })
  }

  warn(path: Path, message: string): void {
    this.problems.push({ severity: 'warning', file: this.source.file, ...this.source.at(path), message })
  }

  /** A path of the configuration as an absolute one: relative ones start at the file's own folder. */
  absolute(written: string): string {
    return resolve(dirname(this.source.file), written)
  }

  /** The file that a key names; undefined, and an error, when it cannot be read. */
  read(path: Path, written: string): FoundFile | undefined {
    try {
      return this.ports.files.read(this.absolute(written), MAX_FILE_BYTES)
    } catch (error) {
      this.error(path, `cannot read ${writePath(path)}, the file \`${written}\`: ${whyUnreadable(error)}`)
      return undefined
    }
  }

  /** A policy document in a file, checked once however many roles name it. */
  policyFile(path: Path, written: string, kind: PolicyKind): PolicyText {
    const file = this.absolute(written)
    const text = this.read(path, written)?.bytes.toString('utf8')
    const document = { name: written, file, text: text ?? '' }
    if (text !== undefined) this.#check(document, kind)
    return document
  }

  /** A policy document that stands in the configuration itself. */
  policyInline(path: Path, kind: PolicyKind): PolicyText {
    const document = {
      name: writePath(path).replaceAll('`', ''),
      file: this.source.file,
      text: this.source.excerpt(path) ?? '',
    }
    this.#check(document, kind)
    return document
  }

  #check(document: PolicyText, kind: PolicyKind): void {
    const key = `${kind} ${document.file} ${document.name}`
    if (this.#checked.has(key)) return
    this.#checked.add(key)
    this.problems.push(...this.ports.checkPolicy(document, kind, this.surroundings))
  }
}
