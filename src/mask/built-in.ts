import type { Catalog, ServiceShapes } from '../catalog/model.ts'
import { chosenPaths } from './built-in-paths.ts'
import {
  BY_OPERATION,
  ENVIRONMENT_NAMES,
  NO_SECRETS,
  ONLY_WITH,
  PRESIGNED_NAME,
  SECRET_NAMES,
  type TableEntry,
} from './built-in-table.ts'
import { fieldNames } from './check-fields.ts'
import { takes } from './pattern.ts'
import type { MaskedCall } from './port.ts'
import { elementOf, membersOf, type OutputShape, outputOf } from './shapes.ts'

/** What is masked by default in the replies of one operation: patterns. */
export interface BuiltInFields {
  /** Marked as sensitive by AWS. */
  readonly marked: readonly string[]
  /** By the table. */
  readonly named: readonly string[]
  /** By the table: of these, only the signature of a URL is masked. */
  readonly presigned: readonly string[]
}

interface Known extends BuiltInFields {
  readonly all: readonly string[]
  readonly presignedSet: ReadonlySet<string>
}

const NOTHING: readonly string[] = []

/** The built-in set, worked out for an operation when it is first called. */
export class BuiltIn {
  readonly #catalog: Catalog
  readonly #known = new Map<string, Known>()

  constructor(catalog: Catalog) {
    this.#catalog = catalog
  }

  /** Patterns of what is masked in the reply to this call. */
  fields({ service, operation, parameters }: MaskedCall): readonly string[] {
    const narrowed = ONLY_WITH.find(one => one.service === service && one.operations.has(operation))
    if (narrowed !== undefined && parameters[narrowed.parameter] !== true) return NOTHING
    return this.of(service, operation).all
  }

  /** Those of them of which only the signature is masked. */
  presigned({ service, operation }: MaskedCall): ReadonlySet<string> {
    return this.of(service, operation).presignedSet
  }

  of(service: string, operation: string): Known {
    const key = `${service} ${operation}`
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const found = this.#find(service, operation)
    const all = [...new Set([...found.marked, ...found.named, ...found.presigned])]
    const fields: Known = { ...found, all, presignedSet: new Set(found.presigned) }
    this.#known.set(key, fields)
    return fields
  }

  #find(service: string, operation: string): BuiltInFields {
    const shapes = this.#catalog.shapes(service)
    const output = shapes.operations.has(operation) ? outputOf(shapes, operation) : undefined
    if (output === undefined) return { marked: [], named: [], presigned: [] }
    const marked = chosenPaths(shapes, output, member => member.sensitive)
    const known = new Set(marked)
    const rest = (chooses: (member: OutputShape, name: string) => boolean): readonly string[] =>
      chosenPaths(shapes, output, (member, name) => member.sensitive || chooses(member, name)).filter(
        path => !known.has(path),
      )
    const secrets = rest((member, name) => isScalar(member) && SECRET_NAMES.has(name))
    const environments = rest((member, name) => isEnvironment(shapes, member, name))
    const urls = rest(
      (member, name) => isScalar(member) && PRESIGNED_NAME.test(name) && !SECRET_NAMES.has(name),
    )
    const listed = BY_OPERATION.filter(entry => isOf(entry, service, operation))
    const fieldsOf = (entries: readonly TableEntry[]): readonly string[] =>
      entries
        .flatMap(({ fields }) => fields)
        .filter(field => fieldNames(this.#catalog, { service, operation }, field))
    return {
      marked,
      named: [
        ...secrets.filter(path => !isNoSecret(service, path)),
        ...environments.map(path => environmentPath(shapes, output, path)),
        ...fieldsOf(listed.filter(({ presigned }) => presigned !== true)),
      ],
      presigned: [...urls, ...fieldsOf(listed.filter(({ presigned }) => presigned === true))],
    }
  }
}

function isScalar({ shape }: OutputShape): boolean {
  return shape.type === 'string' || shape.type === 'blob'
}

/** A map of texts, or a list of structures with a value. */
function isEnvironment(shapes: ServiceShapes, { shape }: OutputShape, name: string): boolean {
  if (!ENVIRONMENT_NAMES.has(name)) return false
  if (shape.type === 'map') return isScalar(elementOf(shapes, shape.value))
  return shape.type === 'list' && valueMember(shapes, elementOf(shapes, shape.member)) !== undefined
}

function valueMember(shapes: ServiceShapes, item: OutputShape): string | undefined {
  if (item.shape.type !== 'structure') return undefined
  return membersOf(shapes, item.shape).find(({ name }) => name === 'value' || name === 'Value')?.name
}

/** The names of the variables stay: only their values are masked. */
function environmentPath(shapes: ServiceShapes, output: OutputShape, path: string): string {
  const at = shapeAt(shapes, output, path)
  if (at?.shape.type === 'map') return `${path}.*`
  const value = at === undefined ? undefined : valueMember(shapes, elementOf(shapes, at.shape.member))
  return value === undefined ? path : `${path}[].${value}`
}

/** The shape at the end of a path that `chosenPaths` made; `**` in it stands for no step. */
function shapeAt(shapes: ServiceShapes, output: OutputShape, path: string): OutputShape | undefined {
  let at: OutputShape | undefined = output
  for (const step of path.replaceAll('[]', '.[]').split('.')) {
    if (at === undefined || step === '**') continue
    if (step === '[]') at = elementOf(shapes, at.shape.member)
    else if (step === '*') at = elementOf(shapes, at.shape.value)
    else at = membersOf(shapes, at.shape).find(({ name }) => name === step)
  }
  return at
}

function isNoSecret(service: string, path: string): boolean {
  return NO_SECRETS.some(
    one => `${service}.${path}`.endsWith(one.slice(service.length)) && one.startsWith(`${service}.`),
  )
}

function isOf(entry: TableEntry, service: string, operation: string): boolean {
  if (entry.service !== service) return false
  const pieces = entry.operation.split('*')
  return pieces.length === 1 ? operation === entry.operation : takes({ kind: 'glob', pieces }, operation)
}
