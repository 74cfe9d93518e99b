import { createHash } from 'node:crypto'
import { API_LIMITS } from '../contract/approvals.ts'
import type { Desk } from '../grants/desk.ts'
import type { AccessRequest } from '../grants/model.ts'
import type { ListParameters } from './schemas.ts'

/** Most requests that are looked through for one page of those that may be read. */
const MAX_SCANNED = 1_000

export interface Page {
  readonly requests: readonly AccessRequest[]
  /** What the next page is `before`; absent where there is none. */
  readonly next?: string
}

/**
 * The newest requests that `mayRead` lets through. Where most may not be read, a page is short and still has
 * a next one.
 */
export async function readPage(
  desk: Pick<Desk, 'list'>,
  { state, role, before, limit = API_LIMITS.defaultList }: ListParameters,
  mayRead: (request: AccessRequest) => boolean,
): Promise<Page> {
  const requests: AccessRequest[] = []
  let last = before
  for (let scanned = 0; scanned < MAX_SCANNED; scanned += API_LIMITS.list) {
    const found = await desk.list({
      ...(state !== undefined && { states: state }),
      ...(role !== undefined && { roleArn: role }),
      ...(last !== undefined && { before: last }),
      limit: API_LIMITS.list,
    })
    for (const request of found) {
      if (requests.length >= limit) return next(requests, last)
      last = request.id
      if (mayRead(request)) requests.push(request)
    }
    if (found.length < API_LIMITS.list) return { requests }
  }
  return next(requests, last)
}

function next(requests: readonly AccessRequest[], last: string | undefined): Page {
  return { requests, ...(last !== undefined && { next: last }) }
}

/** Another one whenever what is listed is another. */
export function cursorOf(requests: readonly AccessRequest[]): string {
  const all = requests.map(({ id, version }) => `${id}:${version}`).join(' ')
  return createHash('sha256').update(all).digest('base64url').slice(0, 22)
}
