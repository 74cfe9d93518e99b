import type { Catalog, Protocol, ServiceHead } from '../../../catalog/model.ts'
import type { HttpHead, NameValue } from '../../../core/http.ts'
import type { HttpTarget } from '../../../wire/http/messages.ts'
import { requirePlainPath } from '../../../wire/http/target.ts'
import { chooseEntries } from './choose.ts'
import type { RoutedOperation } from './facts.ts'
import { PathTree } from './paths.ts'
import { withoutLiterals } from './uri.ts'

/** What the REST protocols route by. */
export interface RestRequest {
  readonly catalog: Catalog
  readonly head: HttpHead
  readonly target: HttpTarget
  readonly headers: ReadonlyMap<string, string>
  readonly query: readonly NameValue[]
}

const trees = new WeakMap<ServiceHead, PathTree>()

function treeOf(service: ServiceHead): PathTree {
  let tree = trees.get(service)
  if (tree === undefined) {
    tree = new PathTree(service)
    trees.set(service, tree)
  }
  return tree
}

/**
 * Operations by method and path: the best fit of each service that it may be for; several where services
 * sign alike and have the same path.
 * @throws GateError `http-path-refused`
 */
export function matchRest(
  request: RestRequest,
  services: readonly ServiceHead[],
): readonly RoutedOperation[] {
  if (services.length === 0) return []
  requirePlainPath(request.target, ['encoded-slash'])
  const segments = plainSegments(request.target.segments)
  const headerNames = new Set(request.headers.keys())
  return services.flatMap(service => {
    const matches = treeOf(service).match(request.head.method, segments)
    const chosen = chooseEntries(
      request.catalog,
      matches.map(({ entry }) => entry),
      { query: request.query, headerNames },
    )
    return matches
      .filter(({ entry }) => chosen.includes(entry))
      .map(({ entry, labels }) => ({
        service,
        operation: entry.operation,
        protocol: restProtocol(service),
        labels,
        query: withoutLiterals(entry, request.query),
      }))
  })
}

/** Without the empty segment of a slash at the end, on which SDKs disagree. */
function plainSegments(segments: readonly string[]): readonly string[] {
  return segments.at(-1) === '' ? segments.slice(0, -1) : segments
}

function restProtocol(service: ServiceHead): Protocol {
  return service.protocols.includes('rest-xml') ? 'rest-xml' : 'rest-json'
}
