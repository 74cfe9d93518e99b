import type { Catalog, ServiceHead, ServiceShapes, Shape, ShapeRef } from '../../catalog/model.ts'
import { cliNegation, cliOperation, cliOption, cliService } from '../../core/cli-name.ts'
import { CLI_OUTFILES } from '../../core/cli-names.ts'
import { GateError } from '../../core/errors.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import type { Parameters } from './call.ts'
import { jsonMember, optionValue, parseJson } from './command-line-values.ts'
import { resolve } from './protocols/shapes.ts'

/** What an `aws` command line asks for. */
export interface CommandLineCall {
  /** The catalog's service: `s3` for `aws s3api`. */
  readonly service: string
  readonly operation: string
  /** `--region`; undefined where it is left to the configuration. */
  readonly region?: string
  readonly parameters: Parameters
}

/** Words of one command line, and characters in all of them. */
const MAX_WORDS = 4_096
const MAX_CHARACTERS = 1024 * 1024

/** Options of every command that take a value. None but `--region` changes which call is made. */
const GLOBAL_VALUES: ReadonlySet<string> = new Set([
  ...['--region', '--profile', '--output', '--query', '--endpoint-url', '--ca-bundle', '--color'],
  ...['--cli-read-timeout', '--cli-connect-timeout', '--cli-binary-format', '--cli-error-format'],
])
const GLOBAL_FLAGS: ReadonlySet<string> = new Set([
  ...['--debug', '--no-verify-ssl', '--no-paginate', '--no-sign-request', '--no-cli-pager'],
  ...['--no-cli-auto-prompt', '--no-color'],
])
/** Options of commands that the CLI turns into many calls; they change how many, not which. */
const PAGING: ReadonlySet<string> = new Set(['--starting-token', '--page-size', '--max-items'])

/**
 * Reads an `aws` command line (its words, with or without the leading `aws`) as the call that it makes,
 * by the rules of the AWS CLI: options by member, shorthand, JSON, `--no-x`, `--cli-input-json`. Files
 * are not read and nothing is sent. Throws `command-line-invalid`.
 */
export function parseCommandLine(argv: readonly string[], catalog: Catalog): CommandLineCall {
  if (argv.length > MAX_WORDS) throw invalid(`the command line has more than ${MAX_WORDS} words`)
  if (argv.reduce((sum, word) => sum + word.length, 0) > MAX_CHARACTERS) {
    throw invalid(`the command line has more than ${MAX_CHARACTERS} characters`)
  }
  const line = new Line(argv[0] === 'aws' ? argv.slice(1) : argv)
  const service = findService(line.command('a service'), catalog)
  const operation = findOperation(line.command('an operation'), service)
  const shapes = catalog.shapes(service.id)
  const options = new Options(service.id, operation, shapes)
  line.readOptions(options)
  const { region } = line
  const { parameters } = options
  return { service: service.id, operation, parameters, ...(region === undefined ? {} : { region }) }
}

function findService(name: string, catalog: Catalog): ServiceHead {
  if (name === 's3') {
    throw invalid(
      '`aws s3` makes calls of its own choice: write them as `aws s3api get-object …` and the like',
    )
  }
  for (const service of catalog.services.values()) if (cliService(service.id) === name) return service
  throw invalid(`the AWS CLI has no service \`${name.slice(0, 64)}\``)
}

function findOperation(name: string, service: ServiceHead): string {
  for (const operation of service.operations.keys()) {
    if (cliOperation(service.id, operation) === name) return operation
  }
  throw invalid(`\`aws ${cliService(service.id)}\` has no operation \`${name.slice(0, 64)}\``)
}

/** Walks over the words. */
class Line {
  readonly #words: readonly string[]
  #at = 0
  region: string | undefined

  constructor(words: readonly string[]) {
    this.#words = words
  }

  /** The next word that is no global option. */
  command(what: string): string {
    for (;;) {
      const word = this.#next()
      if (word === undefined) throw invalid(`the command line does not name ${what}`)
      if (!word.startsWith('-')) return word
      const [option, value] = split(word)
      if (!this.#global(option, value)) throw invalid(`\`${option}\` stands before ${what}`)
    }
  }

  readOptions(options: Options): void {
    for (let word = this.#next(); word !== undefined; word = this.#next()) {
      if (!word.startsWith('--')) {
        options.positional(word)
        continue
      }
      const [option, value] = split(word)
      // An operation's own option of the same name comes before the global one.
      if (options.has(option))
        options.set(option, value === undefined ? this.#values(options, option) : [value])
      else if (PAGING.has(option)) this.#value(option, value)
      else if (!this.#global(option, value))
        throw invalid(`the operation has no option \`${option.slice(0, 64)}\``)
    }
  }

  #global(option: string, value: string | undefined): boolean {
    if (GLOBAL_FLAGS.has(option) && value === undefined) return true
    if (!GLOBAL_VALUES.has(option)) return false
    const given = this.#value(option, value)
    if (option === '--region') this.region = given
    return true
  }

  #value(option: string, value: string | undefined): string {
    const given = value ?? this.#next()
    if (given === undefined) throw invalid(`\`${option}\` has no value`)
    return given
  }

  #values(options: Options, option: string): readonly string[] {
    const most = options.width(option)
    const values: string[] = []
    while (values.length < most) {
      const word = this.#words[this.#at]
      if (word === undefined || word.startsWith('--')) break
      values.push(word)
      this.#at++
    }
    return values
  }

  #next(): string | undefined {
    const word = this.#words[this.#at]
    if (word !== undefined) this.#at++
    return word
  }
}

/** What one option does. */
type Meaning =
  | { readonly kind: 'member'; readonly name: string; readonly ref: ShapeRef; readonly width: number }
  | { readonly kind: 'flag'; readonly name: string; readonly value: boolean }
  /** The body that is streamed from a file: no parameter. */
  | { readonly kind: 'body'; readonly width: 1 }
  | { readonly kind: 'input'; readonly width: 1 }
  /** `run-instances --count 2` or `1:4`. */
  | { readonly kind: 'count'; readonly width: 1 }

/** The options of one operation, and the parameters that they have made so far. */
class Options {
  readonly #meanings = new Map<string, Meaning>()
  readonly #members: ReadonlyMap<string, ShapeRef>
  readonly #shapes: ServiceShapes
  readonly #given = new Map<string, Json>()
  readonly #seen = new Set<string>()
  #input: JsonObject = {}
  #outfiles: number

  constructor(service: string, operation: string, shapes: ServiceShapes) {
    this.#shapes = shapes
    const input = shapes.operations.get(operation)?.input
    const shape = input && resolve(shapes, input).shape
    this.#members = shape?.members ?? new Map()
    this.#outfiles = CLI_OUTFILES.has(`${service}.${operation}`) ? 1 : 0
    this.#meanings.set('--cli-input-json', { kind: 'input', width: 1 })
    for (const [name, ref] of this.#members) {
      const option = `--${cliOption(service, operation, name)}`
      const meaning = this.#meaning(name, ref, shape)
      this.#meanings.set(option, meaning)
      if (meaning.kind !== 'flag') continue
      this.#meanings.set(`--${cliNegation(service, operation, name)}`, { ...meaning, value: false })
    }
    if (service === 'ec2' && operation === 'RunInstances') {
      this.#meanings.set('--count', { kind: 'count', width: 1 })
    }
  }

  has(option: string): boolean {
    return this.#meanings.has(option)
  }

  /** How many words an option takes at most. */
  width(option: string): number {
    const meaning = this.#meanings.get(option)
    return meaning === undefined || meaning.kind === 'flag' ? 0 : meaning.width
  }

  set(option: string, words: readonly string[]): void {
    const meaning = this.#meanings.get(option)
    if (meaning === undefined) return
    const name = 'name' in meaning ? meaning.name : option
    if (this.#seen.has(name)) throw invalid(`\`${option}\` is there more than once, or with its opposite`)
    this.#seen.add(name)
    if (meaning.kind === 'flag') {
      if (words.length > 0) throw invalid(`\`${option}\` takes no value`)
      this.#given.set(name, meaning.value)
      return
    }
    if (words.length === 0 && meaning.width === 1) throw invalid(`\`${option}\` has no value`)
    const context = { shapes: this.#shapes, option }
    if (meaning.kind === 'member') this.#given.set(name, optionValue(context, meaning.ref, words))
    if (meaning.kind === 'input') this.#readInput(words[0] ?? '')
    if (meaning.kind === 'count') this.#readCount(words[0] ?? '')
  }

  positional(word: string): void {
    if (this.#outfiles === 0) throw invalid(`\`${word.slice(0, 64)}\` belongs to no option`)
    this.#outfiles--
  }

  /** What options say comes over what `--cli-input-json` says, as in the CLI. */
  get parameters(): Parameters {
    return Object.fromEntries([...Object.entries(this.#input), ...this.#given])
  }

  #meaning(name: string, ref: ShapeRef, input: Shape | undefined): Meaning {
    const { shape } = resolve(this.#shapes, ref)
    if (shape.type === 'boolean') return { kind: 'flag', name, value: true }
    const streams = (ref.streaming ?? shape.streaming) === true
    if (input?.payload === name && shape.type === 'blob' && streams) return { kind: 'body', width: 1 }
    return { kind: 'member', name, ref, width: shape.type === 'list' ? MAX_WORDS : 1 }
  }

  #readInput(text: string): void {
    const context = { shapes: this.#shapes, option: '--cli-input-json' }
    const value = parseJson(context, text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw invalid('`--cli-input-json` takes an object')
    }
    this.#input = Object.fromEntries(
      Object.entries(value).map(([name, member]): [string, Json] => {
        const ref = this.#members.get(name)
        if (ref === undefined) throw invalid(`the operation has no member \`${name.slice(0, 64)}\``)
        return [name, jsonMember(context, ref, member)]
      }),
    )
  }

  #readCount(text: string): void {
    const match = /^(\d{1,9})(?::(\d{1,9}))?$/.exec(text)
    if (match === null) throw invalid('`--count` takes a number, or two as in `1:4`')
    this.#given.set('MinCount', Number(match[1]))
    this.#given.set('MaxCount', Number(match[2] ?? match[1]))
  }
}

/** `--key=value` as its two parts. */
function split(word: string): readonly [option: string, value: string | undefined] {
  const at = word.indexOf('=')
  return at === -1 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)]
}

function invalid(message: string): GateError {
  return new GateError('command-line-invalid', message)
}
