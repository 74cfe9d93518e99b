import { isRequestId, ROUTES, type Route, type RouteName } from '../contract/routes.ts'
import { GateError } from '../core/errors.ts'

/** Which call of the control API a request is. */
export interface Found {
  readonly name: RouteName
  /** Empty where the path names no request. */
  readonly id: string
}

/** What an error of the wrong method tells beside itself. */
export class MethodRefused extends GateError {
  /** For the `allow` header. */
  readonly allow: string

  constructor(allow: string) {
    super('api-method-refused', `the path takes ${allow} alone`)
    this.allow = allow
  }
}

/**
 * Finds a path by its very characters: nothing is decoded, folded or resolved, so `%2e`, `//`, another case or
 * a slash at the end is another path. Throws `api-path-unknown`, `api-method-refused`.
 */
export function findRoute(method: string, path: string): Found {
  const here: { readonly name: RouteName; readonly route: Route; readonly id: string }[] = []
  for (const name of NAMES) {
    const route = ROUTES[name]
    const id = matched(route.path, path)
    if (id !== undefined) here.push({ name, route, id })
  }
  if (here.length === 0) throw new GateError('api-path-unknown', 'the control API has no such path')
  const found = here.find(({ route }) => route.method === method)
  if (found === undefined) throw new MethodRefused(here.map(({ route }) => route.method).join(', '))
  return { name: found.name, id: found.id }
}

const NAMES = Object.keys(ROUTES) as readonly RouteName[]

/** The number of the request in a path of this form; empty where the form has none, undefined for another. */
export function matched(form: string, path: string): string | undefined {
  const at = form.indexOf('ID')
  if (at === -1) return form === path ? '' : undefined
  const id = path.slice(at, at + 26)
  return isRequestId(id) && path === form.slice(0, at) + id + form.slice(at + 2) ? id : undefined
}
