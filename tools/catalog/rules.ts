/**
 * An evaluator of endpoint rulesets (https://smithy.io/2.0/additional-specs/rules-engine/), which say
 * where a service's endpoint is. Only the functions that botocore's rulesets use.
 */

/** What stands for nothing: a function that does not apply, a parameter that is not set. */
type Value = string | boolean | number | null | readonly Value[] | { readonly [name: string]: Value }

type Argument = string | boolean | number | { readonly ref: string } | Call | readonly Argument[]

interface Call {
  readonly fn: string
  readonly argv: readonly Argument[]
}

interface Condition extends Call {
  readonly assign?: string
}

type Rule = { readonly conditions: readonly Condition[] } & (
  | { readonly type: 'error'; readonly error: Argument }
  | { readonly type: 'tree'; readonly rules: readonly Rule[] }
  | {
      readonly type: 'endpoint'
      readonly endpoint: {
        readonly url: Argument
        readonly properties?: { readonly authSchemes?: readonly RawAuthScheme[] }
      }
    }
)

interface RawAuthScheme {
  readonly name: string
  readonly signingName?: string
  readonly signingRegion?: string
}

export interface Ruleset {
  readonly parameters: Readonly<Record<string, { readonly default?: Value; readonly required?: boolean }>>
  readonly rules: readonly Rule[]
}

/** botocore's `partitions.json`. */
export interface RawPartition {
  readonly id: string
  readonly regionRegex: string
  readonly regions: Readonly<Record<string, unknown>>
  readonly outputs: {
    readonly name: string
    readonly dnsSuffix: string
    readonly dualStackDnsSuffix: string
    readonly implicitGlobalRegion: string
    readonly supportsDualStack: boolean
    readonly supportsFIPS: boolean
  }
}

/** Where the rules lead. */
export interface RuleEndpoint {
  readonly host: string
  readonly signingName?: string
  readonly signingRegion?: string
}

type Scope = Map<string, Value>

/**
 * Runs a ruleset.
 *
 * @returns undefined where the rules end in an error: there is no such endpoint
 */
export function evaluate(
  ruleset: Ruleset,
  partitions: readonly RawPartition[],
  parameters: Readonly<Record<string, Value>>,
): RuleEndpoint | undefined {
  const scope: Scope = new Map()
  for (const [name, { default: value }] of Object.entries(ruleset.parameters)) scope.set(name, value ?? null)
  for (const [name, value] of Object.entries(parameters)) {
    if (Object.hasOwn(ruleset.parameters, name)) scope.set(name, value)
  }
  const result = run(ruleset.rules, scope, partitions)
  return result === 'error' || result === undefined ? undefined : result
}

function run(
  rules: readonly Rule[],
  outer: Scope,
  partitions: readonly RawPartition[],
): RuleEndpoint | 'error' | undefined {
  for (const rule of rules) {
    const scope = holds(rule.conditions, outer, partitions)
    if (scope === undefined) continue
    if (rule.type === 'error') return 'error'
    if (rule.type === 'tree') {
      const result = run(rule.rules, scope, partitions)
      if (result !== undefined) return result
      continue
    }
    const url = resolve(rule.endpoint.url, scope, partitions)
    if (typeof url !== 'string') throw new Error('the URL of an endpoint is no string')
    return {
      host: new URL(url).host,
      ...signing(rule.endpoint.properties?.authSchemes ?? [], scope, partitions),
    }
  }
  return undefined
}

function signing(
  schemes: readonly RawAuthScheme[],
  scope: Scope,
  partitions: readonly RawPartition[],
): { signingName?: string; signingRegion?: string } {
  const scheme = schemes.find(({ name }) => name === 'sigv4' || name === 'sigv4-s3express')
  const found: { signingName?: string; signingRegion?: string } = {}
  for (const key of ['signingName', 'signingRegion'] as const) {
    const template = scheme?.[key]
    if (template !== undefined) found[key] = String(resolve(template, scope, partitions))
  }
  return found
}

function holds(
  conditions: readonly Condition[],
  outer: Scope,
  partitions: readonly RawPartition[],
): Scope | undefined {
  const scope: Scope = new Map(outer)
  for (const condition of conditions) {
    const value = call(condition, scope, partitions)
    if (value === null || value === false) return undefined
    if (condition.assign !== undefined) scope.set(condition.assign, value)
  }
  return scope
}

function resolve(argument: Argument, scope: Scope, partitions: readonly RawPartition[]): Value {
  if (typeof argument === 'string') return fill(argument, scope)
  if (typeof argument !== 'object') return argument
  if (isList(argument)) return argument.map(item => resolve(item, scope, partitions))
  if ('ref' in argument) return scope.get(argument.ref) ?? null
  return call(argument, scope, partitions)
}

function isList(argument: object): argument is readonly Argument[] {
  return Array.isArray(argument)
}

/** Fills `{Region}` and `{PartitionResult#dnsSuffix}`. */
function fill(template: string, scope: Scope): string {
  return template.replace(/\{([^{}]+)\}/g, (_, name: string) => {
    const [ref = '', path] = name.split('#')
    const value = scope.get(ref) ?? null
    return String(path === undefined ? value : attribute(value, path))
  })
}

function call({ fn, argv }: Call, scope: Scope, partitions: readonly RawPartition[]): Value {
  const [a = null, b = null, c = null, d = null] = argv.map(item => resolve(item, scope, partitions))
  switch (fn) {
    case 'isSet':
      return a !== null
    case 'not':
      return a === null || a === false
    case 'booleanEquals':
    case 'stringEquals':
      return a === b
    case 'getAttr':
      return attribute(a, String(b))
    case 'substring':
      return substring(String(a ?? ''), Number(b), Number(c), d === true)
    case 'isValidHostLabel':
      return isHostLabel(String(a ?? ''), b === true)
    case 'uriEncode':
      return encodeURIComponent(String(a ?? ''))
    case 'aws.partition':
      return partitionOf(String(a ?? ''), partitions)
    case 'parseURL':
    case 'aws.parseArn':
    case 'aws.isVirtualHostableS3Bucket':
      // They speak of parameters that the catalog never sets: a custom endpoint, an ARN, a bucket.
      if (a === null) return null
      throw new Error(`\`${fn}\` is not evaluated here`)
    default:
      throw new Error(`there is no function \`${fn}\` of endpoint rules`)
  }
}

function attribute(value: Value, path: string): Value {
  let current: Value = value
  for (const part of path.split('.')) {
    const index = /^([^[\]]*)\[(\d+)\]$/.exec(part)
    const name = index === null ? part : (index[1] ?? '')
    if (name !== '') current = isRecord(current) ? (current[name] ?? null) : null
    if (index !== null) current = Array.isArray(current) ? (current[Number(index[2])] ?? null) : null
  }
  return current
}

function isRecord(value: Value): value is { readonly [name: string]: Value } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function substring(text: string, start: number, stop: number, reverse: boolean): Value {
  if (start >= stop || text.length < stop) return null
  return reverse ? text.slice(text.length - stop, text.length - start) : text.slice(start, stop)
}

function isHostLabel(text: string, subdomains: boolean): boolean {
  const labels = subdomains ? text.split('.') : [text]
  return labels.every(label => /^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/.test(label))
}

/** The partition of a region: listed, else by its form, else `aws`, as the specification has it. */
function partitionOf(region: string, partitions: readonly RawPartition[]): Value {
  const found =
    partitions.find(partition => Object.hasOwn(partition.regions, region)) ??
    partitions.find(partition => new RegExp(partition.regionRegex).test(region)) ??
    partitions.find(partition => partition.id === 'aws')
  return found === undefined ? null : { ...found.outputs, name: found.id }
}
