import type { Catalog, ShapeRef } from '../catalog/model.ts'
import type { Json, JsonObject } from '../core/json.ts'
import type { ApiFacts } from '../record/export/facts.ts'

/** What exports ask of the catalog. `catalog` is only called when there is a call to export. */
export function apiFacts(catalog: () => Catalog): ApiFacts {
  return {
    signingName: service => catalog().services.get(service)?.signingName,
    accessLevel(action) {
      const [prefix = '', name = ''] = action.split(':')
      return catalog().iam(prefix)?.actions.get(name)?.level
    },
    lowerCamel({ service, operation, parameters }) {
      const input = inputOf(catalog(), service, operation)
      if (input === undefined) return topLowered(parameters)
      const lowered = new Lowered(input.shapes).value(parameters, input.ref, 0)
      return isObject(lowered) ? lowered : parameters
    },
  }
}

type Shapes = ReturnType<Catalog['shapes']>['shapes']

function inputOf(
  catalog: Catalog,
  service: string,
  operation: string,
): { readonly shapes: Shapes; readonly ref: ShapeRef } | undefined {
  if (!catalog.services.has(service)) return undefined
  const { shapes, operations } = catalog.shapes(service)
  const ref = operations.get(operation)?.input
  return ref && { shapes, ref }
}

/** Deeper than any parameters that the gate reads. */
const MAX_DEPTH = 200

/** Lowers the first letters of members, by the shapes that say which names are members. */
class Lowered {
  readonly #shapes: Shapes

  constructor(shapes: Shapes) {
    this.#shapes = shapes
  }

  value(value: Json, ref: ShapeRef | undefined, depth: number): Json {
    const shape = ref && this.#shapes.get(ref.shape)
    if (shape === undefined || depth > MAX_DEPTH || typeof value !== 'object' || value === null) return value
    if (isList(value)) return value.map(one => this.value(one, shape.member, depth + 1))
    if (shape.type === 'map') {
      return fromEntries(value, (name, one) => [name, this.value(one, shape.value, depth + 1)])
    }
    const { members } = shape
    if (members === undefined) return value
    return fromEntries(value, (name, one) => [
      lowerFirst(name),
      this.value(one, members.get(name), depth + 1),
    ])
  }
}

function topLowered(parameters: JsonObject): JsonObject {
  return fromEntries(parameters, (name, value) => [lowerFirst(name), value])
}

function fromEntries(object: JsonObject, each: (name: string, value: Json) => [string, Json]): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => each(name, value)))
}

function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1)
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
