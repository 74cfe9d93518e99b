import type { Catalog, ServiceShapes } from '../../../catalog/model.ts'
import type { NameValue } from '../../../core/http.ts'
import { holdsLiterals, type UriEntry } from './uri.ts'

/** What of a request decides between templates that fit its path equally well. */
export interface Distinguishing {
  readonly query: readonly NameValue[]
  readonly headerNames: ReadonlySet<string>
}

/** Operations that AWS keeps beside the newer one at the same place; the newer one reads both. */
const SUPERSEDED: ReadonlySet<string> = new Set([
  's3 GetBucketLifecycle',
  's3 PutBucketLifecycle',
  's3 GetBucketNotification',
  's3 PutBucketNotification',
])

/**
 * Of the entries of one service whose paths fit, the ones that the request can be: the most specific
 * path, then the most query literals, then the most of the parameters that only one of them demands
 * (`uploadId` makes a `PUT` an `UploadPart`). More than one is left only where the models leave it open.
 */
export function chooseEntries(
  catalog: Catalog,
  entries: readonly UriEntry[],
  request: Distinguishing,
): readonly UriEntry[] {
  const possible = entries.filter(entry => holdsLiterals(entry, request.query))
  if (possible.length <= 1) return possible
  const specific = withMost(possible, entry => entry.rank)
  const literal = withMost(specific, entry => entry.literals.length)
  if (literal.length === 1) return literal
  const current = literal.filter(entry => !SUPERSEDED.has(`${entry.service.id} ${entry.operation.name}`))
  if (current.length <= 1) return current
  const demands = current.map(entry => ({ entry, demand: demandOf(catalog, entry, request) }))
  const met = demands.filter(({ demand }) => demand !== undefined)
  return withMost(met, ({ demand }) => demand ?? 0).map(({ entry }) => entry)
}

function withMost<T>(items: readonly T[], measure: (item: T) => number | string): readonly T[] {
  let most: number | string | undefined
  for (const item of items) {
    const value = measure(item)
    if (most === undefined || value > most) most = value
  }
  return items.filter(item => measure(item) === most)
}

/** How many members that are required in query or headers are there; undefined if one is missing. */
function demandOf(catalog: Catalog, entry: UriEntry, request: Distinguishing): number | undefined {
  let met = 0
  for (const { location, name } of demandsOf(catalog.shapes(entry.service.id), entry.operation.name)) {
    const there =
      location === 'header' ? request.headerNames.has(name) : request.query.some(([given]) => given === name)
    if (!there) return undefined
    met++
  }
  return met
}

interface Demand {
  readonly location: 'header' | 'querystring'
  readonly name: string
}

function demandsOf(shapes: ServiceShapes, operation: string): readonly Demand[] {
  const input = shapes.operations.get(operation)?.input
  const shape = input === undefined ? undefined : shapes.shapes.get(input.shape)
  const demands: Demand[] = []
  for (const name of shape?.required ?? []) {
    const member = shape?.members?.get(name)
    const wireName = member?.locationName ?? name
    if (member?.location === 'querystring') demands.push({ location: 'querystring', name: wireName })
    if (member?.location === 'header') demands.push({ location: 'header', name: wireName.toLowerCase() })
  }
  return demands
}
